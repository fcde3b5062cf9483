//! Databases with rows in every table, and all that is in them as text.

use std::future::Future;
use std::path::Path;

use keyholt_store::{CopyError, CopyReport, CopySource, CopyTarget, Store, copy};
use rusqlite::Connection;
use rusqlite::types::Value;

/// What is of the program that writes it, or of a copy's way, and not copied.
const NOT_COPIED: [&str; 3] = ["schema_migrations", "epochs", "unfinished_copies"];

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The database of a data directory, as whoever has the file sees it.
pub(crate) fn open(dir: &Path) -> Connection {
    let connection = Connection::open(dir.join("keyholt.db")).unwrap();
    connection.pragma_update(None, "foreign_keys", true).unwrap();
    connection
}

/// A data directory in which each table has rows: 700 secrets among them, so that they are read in several batches.
pub(crate) fn make_installation(dir: &Path, deployment: u8) {
    drop(Store::open_directory(dir).unwrap());
    open(dir).execute_batch(&rows(deployment)).unwrap();
}

fn rows(deployment: u8) -> String {
    format!(
        "BEGIN;
         INSERT INTO deployment VALUES (x'{deployment:032x}', 1, x'01');
         INSERT INTO ring_keys VALUES (1, x'01', 1), (2, x'02', 2);
         INSERT INTO orgs VALUES (x'{a}', 'acme', 1, 1), (x'{b}', 'ключ', 2, 1);
         INSERT INTO org_keys VALUES (x'{a}', 1, 1, x'00ff', 1), (x'{a}', 2, 1, x'', 2), (x'{b}', 1, 2, x'aa', 2);
         INSERT INTO projects VALUES (x'{a}', x'{p}', 'default', 1, 1, NULL), (x'{a}', x'{q}', 'old', 1, 2, 5);
         INSERT INTO principals VALUES (x'{u}', 'user', 'ann', 1, 1, 'ann@example.com', 'https://issuer', 'ann'),
             (x'{v}', 'service_account', 'robot', 1, 1, NULL, NULL, NULL);
         INSERT INTO memberships VALUES (x'{a}', x'{u}', 31, 1, 1, NULL), (x'{b}', x'{u}', 1, 1, 2, 9);
         INSERT INTO api_keys VALUES
             (x'{k}', x'f0', 1, x'{u}', x'{a}', x'{p}', 'owner', 'khk_a', 1, 1, NULL, NULL, NULL, x'01', 1, '', NULL,
                 NULL),
             (x'{l}', x'f1', 1, x'{u}', x'{a}', x'{p}', 'temporary', 'khk_b', 0, 1, x'{k}', 99, 5, x'02', 1, 'x',
                 x'{k}', 'gpt'),
             (x'{m}', x'f2', 1, x'{v}', x'{a}', x'{p}', 'robot', 'khk_c', 0, 1, x'{k}', NULL, NULL, x'03', 1, '', NULL,
                 NULL);
         INSERT INTO api_key_grants VALUES (x'{a}', x'{k}', 31), (x'{a}', x'{l}', 2), (x'{b}', x'{k}', 1);
         INSERT INTO api_key_uses VALUES (x'{k}', 77);
         WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 700)
             INSERT INTO secrets SELECT x'{a}', iif(n % 7 = 0, x'{p}', x'{a}'), unhex(printf('%032x', n * 3)), 1,
                 'secret ' || n, iif(n % 2 = 0, NULL, 'openai'), n, x'{k}', NULL, x'{k}', 1, randomblob(32), NULL, NULL,
                 NULL, iif(n % 5 = 0, n, NULL), 1, randomblob(100), iif(n % 3 = 0, 1, NULL) FROM number;
         INSERT INTO secret_values SELECT org_id, collection_id, id, 1, randomblob(60), randomblob(80), 1 FROM secrets;
         INSERT INTO usage SELECT org_id, id, x'{k}', 1, 0, 10, 20, 30, 40, 200, 1 FROM secrets LIMIT 3;
         WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 1203)
             INSERT INTO audit_events SELECT iif(n % 2 = 0, x'{k}', x'{l}'), n, unhex(printf('%032x', n)), n, x'{a}',
                 NULL, x'{k}', x'{u}', '203.0.113.7', 'secret.create', 'secret', x'{u}', 'ключ', 'done', 1,
                 randomblob(32), 1 FROM number;
         COMMIT;",
        a = id(0xA1),
        b = id(0xA2),
        p = id(0xB1),
        q = id(0xB2),
        u = id(0xD1),
        v = id(0xD2),
        // The credential for a short time has a lower id than the key that made it.
        k = id(0xC2),
        l = id(0xC1),
        m = id(0xC3),
    )
}

fn id(number: u8) -> String {
    format!("{number:032x}")
}

/// All rows of all tables that are copied, a line each.
pub(crate) fn dump(connection: &Connection) -> Vec<String> {
    let tables =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
    let mut tables = connection.prepare(tables).unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut lines = Vec::new();
    for table in tables.iter().filter(|table| !NOT_COPIED.contains(&table.as_str())) {
        let columns = format!("SELECT group_concat(name, ', ') FROM pragma_table_info('{table}')");
        let columns: String = connection.query_row(&columns, [], |row| row.get(0)).unwrap();
        let mut rows =
            connection.prepare(&format!("SELECT {columns} FROM {table} ORDER BY {columns}")).unwrap();
        let count = rows.column_count();
        let found = rows.query_map([], |row| (0..count).map(|at| row.get::<_, Value>(at)).collect());
        for row in found.unwrap() {
            let row: Vec<Value> = row.unwrap();
            lines.push(format!("{table} {row:?}"));
        }
    }
    lines
}

pub(crate) fn dump_of(dir: &Path) -> Vec<String> {
    dump(&open(dir))
}

/// Copies one data directory into another.
pub(crate) fn copy_directory(from: &Path, to: &Path) -> Result<CopyReport, CopyError> {
    run(async {
        let source = CopySource::open_directory(from)?;
        copy(&source, CopyTarget::open_directory(to)?, &mut |_| {}).await
    })
}

/// What is done to the rows of one table: added, changed, removed.
pub(crate) fn done_to(report: &CopyReport, table: &str) -> (u64, u64, u64) {
    let table = report.tables.iter().find(|copied| copied.name == table).unwrap();
    (table.added, table.changed, table.removed)
}
