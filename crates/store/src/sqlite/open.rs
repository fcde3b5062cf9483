//! Opening: the directory, its lock, the file, its settings, the schema.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::integrity;
use crate::migrations::{MIGRATIONS, NEWEST, TABLE};
use crate::{OpenError, dialect};

/// The database's file in the data directory.
pub(crate) const DATABASE: &str = "keyholt.db";

/// How long a connection waits for another process, such as one that inspects the database.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The first SQLite without the bug that corrupts a database when the log is reset (3.51.3).
const OLDEST_SQLITE: i32 = 3_051_003;

pub(crate) fn check_library() -> Result<(), OpenError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(OpenError::SqliteTooOld { found: rusqlite::version() });
    }
    Ok(())
}

/// Makes the directory for its owner alone, unless it is there.
pub(crate) fn make_directory(dir: &Path) -> Result<(), OpenError> {
    if dir.is_dir() {
        return Ok(());
    }
    let unusable = |problem| OpenError::Unusable { path: dir.into(), problem };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(unusable)?;
    // SQLite syncs what is in the directory; that the directory is there must be on disk too.
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|parent| parent.sync_all()).map_err(unusable)
}

/// The exclusive lock on a data directory, held until it is dropped or the process ends.
pub(crate) struct DirectoryLock(#[expect(dead_code, reason = "an open file is what holds the lock")] File);

impl DirectoryLock {
    pub(crate) fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join("lock");
        let unusable = |problem| OpenError::Unusable { path: path.clone(), problem };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Whoever holds the lock has written its pid; without it the refusal is still right.
                let _ = file.read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "of unknown pid".to_owned(),
                    pid => format!("pid {pid}"),
                };
                return Err(OpenError::Locked { dir: dir.into(), holder });
            }
            Err(TryLockError::Error(problem)) => return Err(unusable(problem)),
        }
        file.set_len(0).map_err(unusable)?;
        file.rewind().map_err(unusable)?;
        writeln!(file, "{}", std::process::id()).map_err(unusable)?;
        Ok(Self(file))
    }
}

/// Makes the database's file for its owner alone; the log beside it inherits the mode.
pub(crate) fn make_database_file(dir: &Path) -> Result<PathBuf, OpenError> {
    let path = dir.join(DATABASE);
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    opened.map_err(|problem| OpenError::Unusable { path: path.clone(), problem })?;
    Ok(path)
}

pub(crate) fn open_for_writing(file: &Path) -> Result<Connection, OpenError> {
    let refused = |problem: rusqlite::Error| OpenError::of_sqlite(file, &problem);
    // Without a meaning of URIs: a file's name is a name.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags).map_err(refused)?;
    set_up_writing(&connection).map_err(refused)?;
    let mode = switch_to_log(&connection).map_err(refused)?;
    if mode != "wal" {
        let problem = std::io::Error::other("its file system cannot hold a write-ahead log");
        return Err(OpenError::Unusable { path: file.into(), problem });
    }
    integrity::check(file, &connection)?;
    migrate(file, &mut connection)?;
    Ok(connection)
}

/// Asks for a write-ahead log and tells what the database has then. The change is committed only when the statement has come
/// to its end, after its one row; without it commits would not be durable when a journal is deleted.
fn switch_to_log(connection: &Connection) -> rusqlite::Result<String> {
    let mut statement = connection.prepare("PRAGMA journal_mode = WAL")?;
    let modes: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(modes.concat())
}

pub(super) fn open_memory() -> Result<Connection, OpenError> {
    let path = Path::new(":memory:");
    let refused = |problem: rusqlite::Error| OpenError::of_sqlite(path, &problem);
    let mut connection = Connection::open_in_memory().map_err(refused)?;
    set_up_writing(&connection).map_err(refused)?;
    migrate(path, &mut connection)?;
    Ok(connection)
}

/// What every connection has.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // A plan is for all values: or SQLite prepares a list's statement anew each time that a limit is bound to it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // A damaged or hostile schema may not call functions.
    connection.pragma_update(None, "trusted_schema", false)
}

fn set_up_writing(connection: &Connection) -> rusqlite::Result<()> {
    set_up(connection)?;
    // An acknowledged commit survives power loss; on macOS a plain sync would stop at the drive.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten.
    connection.pragma_update(None, "secure_delete", true)?;
    // The writer copies the log into the database itself, and is told when that fails.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", 32 * 1024 * 1024)?;
    // In KiB, negative by SQLite's convention.
    connection.pragma_update(None, "cache_size", -8192)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

pub(crate) fn open_for_reading(file: &Path) -> Result<Connection, OpenError> {
    let refused = |problem: rusqlite::Error| OpenError::of_sqlite(file, &problem);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(refused)?;
    set_up(&connection).map_err(refused)?;
    connection.pragma_update(None, "cache_size", -2048).map_err(refused)?;
    Ok(connection)
}

/// Brings the schema up to date, each version in a transaction of its own.
fn migrate(file: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    let refused = |problem: rusqlite::Error| OpenError::of_sqlite(file, &problem);
    connection.execute_batch(TABLE).map_err(refused)?;
    let present = check_version(file, connection)?;
    for (version, text) in MIGRATIONS.iter().filter(|(version, _)| *version > present) {
        let transaction = connection.transaction().map_err(refused)?;
        transaction.execute_batch(&dialect::for_sqlite(text)).map_err(refused)?;
        transaction
            .execute("INSERT INTO schema_migrations (version) VALUES (?1)", [version])
            .map_err(refused)?;
        transaction.commit().map_err(refused)?;
    }
    Ok(())
}

/// The schema's version; refused when it is newer than any that is known.
pub(crate) fn check_version(file: &Path, connection: &Connection) -> Result<i64, OpenError> {
    let found = connection
        .query_row("SELECT coalesce(max(version), 0) FROM schema_migrations", [], |row| row.get(0))
        .map_err(|problem| OpenError::of_sqlite(file, &problem))?;
    if found > NEWEST {
        return Err(OpenError::SchemaNewer { found, known: NEWEST });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use rusqlite::{StatementStatus, params};

    use super::*;

    /// As lists of a type, and of those that may name models, are written in `secrets::list`.
    const LISTS: [(&str, &str); 2] = [
        (
            "secrets_by_kind",
            "SELECT id, details FROM secrets WHERE org_id = ?1 AND collection_id = ?1 AND kind IS NOT NULL
             AND (kind, id) > (?2, ?3) AND (kind, id) < (?2, ?4) AND length(id) = 16
             ORDER BY kind DESC, id DESC LIMIT ?5",
        ),
        (
            "secrets_naming_models",
            "SELECT id, details FROM secrets WHERE org_id = ?1 AND collection_id = ?1 AND names_models IS NOT NULL
             AND (names_models, id) > (1, ?3) AND (names_models, id) < (1, ?4) AND length(id) = 16 AND ?2 IS NOT NULL
             ORDER BY names_models DESC, id DESC LIMIT ?5",
        ),
    ];

    #[test]
    fn sqlite_is_compiled_as_the_configuration_of_cargo_says() {
        let connection = open_memory().unwrap();
        let mut options = connection.prepare("PRAGMA compile_options").unwrap();
        let options = options.query_map([], |row| row.get(0)).unwrap();
        let options: Vec<String> = options.collect::<Result<_, _>>().unwrap();
        assert!(options.contains(&"DEFAULT_MEMSTATUS=0".to_owned()), "{options:?}");
    }

    #[test]
    fn a_list_is_prepared_once_and_reads_the_index_that_is_made_for_it() {
        let connection = open_memory().unwrap();
        for (index, list) in LISTS {
            let mut statement = connection.prepare(list).unwrap();
            for number in 1..=3_u8 {
                let rows =
                    statement.query(params![[number], number.to_string(), [number], [number + 1], number]);
                assert!(rows.unwrap().next().unwrap().is_none());
            }
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{index}");
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {list}")).unwrap();
            let steps =
                plan.query_map(params![[0_u8], "a", [0_u8], [1_u8], 5], |row| row.get::<_, String>(3)).unwrap();
            let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
            assert!(matches!(&steps[..], [only] if only.contains(index)), "{steps:?}");
        }
    }
}
