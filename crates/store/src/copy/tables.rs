//! What a store consists of: every table and column that a copy carries, and those that it leaves.

/// What a column holds, in the closed vocabulary of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Blob,
}

/// A column that is copied.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// The schema's version that has it first.
    pub(crate) since: i64,
    /// What the migration that adds it gives to rows of before, in SQL.
    pub(crate) before: &'static str,
}

/// A table that is copied, or a part of one.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// The condition on its rows, where it is a part.
    pub(crate) part: Option<&'static str>,
    /// The schema's version that has it first.
    pub(crate) since: i64,
    /// How many of the columns, from the first, are its primary key. They are integers and bytes, which all databases
    /// put in the same order.
    pub(crate) key: usize,
    /// Columns that may not be equal in two rows, though they can change: what stands in the way there must be moved
    /// aside before another row takes it.
    pub(crate) unique: &'static [&'static str],
    pub(crate) columns: &'static [Column],
}

const fn int(name: &'static str) -> Column {
    Column { name, kind: Kind::Int, since: 1, before: "" }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text, since: 1, before: "" }
}

const fn blob(name: &'static str) -> Column {
    Column { name, kind: Kind::Blob, since: 1, before: "" }
}

impl Column {
    const fn added(self, since: i64, before: &'static str) -> Self {
        Self { since, before, ..self }
    }
}

impl Table {
    const fn new(name: &'static str, key: usize, columns: &'static [Column]) -> Self {
        Self { name, part: None, since: 1, key, unique: &[], columns }
    }

    const fn since(self, since: i64) -> Self {
        Self { since, ..self }
    }

    const fn unique(self, unique: &'static [&'static str]) -> Self {
        Self { unique, ..self }
    }

    const fn part(self, part: &'static str) -> Self {
        Self { part: Some(part), ..self }
    }
}

const API_KEYS: &[Column] = &[
    blob("id"),
    blob("mac"),
    int("ring_generation"),
    blob("principal_id"),
    blob("project_org_id"),
    blob("project_id"),
    text("name"),
    text("shown"),
    int("operator"),
    int("created_at"),
    blob("created_by"),
    int("expires_at"),
    int("revoked_at"),
    blob("proof"),
    int("version"),
    text("restrictions").added(2, "''"),
    blob("parent_id").added(3, "NULL"),
    text("model").added(3, "NULL"),
];

/// Every table that is copied, one that others refer to before these.
pub(crate) const TABLES: &[Table] = &[
    Table::new("deployment", 1, &[blob("id"), int("created_at"), blob("check_value")]),
    Table::new("ring_keys", 1, &[int("generation"), blob("wrapped"), int("created_at")]),
    Table::new("orgs", 1, &[blob("id"), text("name"), int("created_at"), int("version")]).unique(&["name"]),
    Table::new(
        "org_keys",
        2,
        &[blob("org_id"), int("generation"), int("ring_generation"), blob("wrapped"), int("created_at")],
    ),
    Table::new(
        "projects",
        2,
        &[
            blob("org_id"),
            blob("id"),
            text("name"),
            int("created_at"),
            int("version"),
            int("deleted_at").added(2, "NULL"),
        ],
    )
    .unique(&["name"]),
    Table::new(
        "principals",
        1,
        &[
            blob("id"),
            text("kind"),
            text("name"),
            int("created_at"),
            int("version"),
            text("email").added(2, "NULL"),
            text("issuer").added(2, "NULL"),
            text("subject").added(2, "NULL"),
        ],
    )
    .unique(&["issuer", "subject"]),
    Table::new(
        "memberships",
        2,
        &[
            blob("org_id"),
            blob("principal_id"),
            int("rights"),
            int("created_at"),
            int("version"),
            int("suspended_at").added(2, "NULL"),
        ],
    ),
    // Credentials for a short time refer to the keys that made them, and are made by these alone.
    Table::new("api_keys", 1, API_KEYS).unique(&["mac"]).part("parent_id IS NULL"),
    Table::new("api_keys", 1, API_KEYS).unique(&["mac"]).part("parent_id IS NOT NULL").since(3),
    Table::new("api_key_grants", 2, &[blob("org_id"), blob("api_key_id"), int("rights")]),
    Table::new("api_key_uses", 1, &[blob("api_key_id"), int("last_used_at")]).since(2),
    Table::new(
        "secrets",
        3,
        &[
            blob("org_id"),
            blob("collection_id"),
            blob("id"),
            int("version"),
            text("name"),
            text("kind"),
            int("created_at"),
            blob("created_by"),
            int("updated_at"),
            blob("updated_by"),
            int("value_version"),
            blob("value_hash"),
            int("value_updated_at"),
            blob("value_updated_by"),
            int("ttl_seconds"),
            int("expires_at"),
            int("key_generation"),
            blob("details"),
            int("names_models").added(7, "1"),
        ],
    )
    .unique(&["name"]),
    Table::new(
        "secret_values",
        4,
        &[
            blob("org_id"),
            blob("collection_id"),
            blob("secret_id"),
            int("value_version"),
            blob("wrapped_key"),
            blob("sealed"),
            int("created_at"),
        ],
    ),
    Table::new(
        "usage",
        3,
        &[
            blob("org_id"),
            blob("secret_id"),
            blob("api_key_id"),
            int("requests"),
            int("failed"),
            int("bytes_up"),
            int("bytes_down"),
            int("input_tokens"),
            int("output_tokens"),
            int("last_status"),
            int("last_used_at"),
        ],
    )
    .since(3),
    Table::new(
        "audit_events",
        2,
        &[
            blob("chain_id"),
            int("seq"),
            blob("id"),
            int("at"),
            blob("org_id"),
            blob("request_id"),
            blob("api_key_id"),
            blob("principal_id"),
            text("address"),
            text("action"),
            text("subject_kind"),
            blob("subject_id"),
            text("subject_name"),
            text("outcome"),
            int("ring_generation"),
            blob("mac"),
            int("count").added(2, "1"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use rusqlite::types::Value;
    use rusqlite::{Connection, params_from_iter};

    use super::*;
    use crate::copy::sql;
    use crate::dialect;
    use crate::migrations::{MIGRATIONS, NEWEST};

    /// Tables that a copy leaves as they are, each with its reason.
    const NOT_COPIED: &[(&str, &str)] = &[
        ("epochs", "it tells the nodes of one database of changes there; a target has no nodes yet"),
        ("unfinished_copies", "it says of the target itself that it is not whole"),
    ];

    /// A database of this version of the schema, in which nothing refers to anything.
    fn database(version: i64) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        migrate(&connection, 0, version);
        connection
    }

    fn migrate(connection: &Connection, from: i64, to: i64) {
        for (version, text) in MIGRATIONS {
            if *version > from && *version <= to {
                connection.execute_batch(&dialect::for_sqlite(text)).unwrap();
            }
        }
    }

    fn strings(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn rows(connection: &Connection, sql: &str) -> Vec<Vec<Value>> {
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let found = statement.query_map([1000], |row| (0..columns).map(|at| row.get(at)).collect());
        found.unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn every_table_is_copied_or_left_for_a_reason() {
        let there = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
        let there: BTreeSet<String> = strings(&database(NEWEST), there).into_iter().collect();
        let left = NOT_COPIED.iter().map(|(name, _)| *name);
        let known: BTreeSet<String> =
            TABLES.iter().map(|table| table.name).chain(left).map(String::from).collect();
        assert_eq!(there, known);
    }

    #[test]
    fn every_column_is_copied_and_the_key_comes_first() {
        let newest = database(NEWEST);
        for table in TABLES {
            let kinds: BTreeMap<&str, &str> = (table.columns.iter())
                .map(|column| match column.kind {
                    Kind::Int => (column.name, "BIGINT"),
                    Kind::Text => (column.name, "TEXT"),
                    Kind::Blob => (column.name, "BLOB"),
                })
                .collect();
            let info = format!("SELECT name || ' ' || type FROM pragma_table_info('{}')", table.name);
            let there: BTreeSet<String> = strings(&newest, &info).into_iter().collect();
            let known = kinds.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
            assert_eq!(there, known, "{}", table.name);
            let key = format!("SELECT name FROM pragma_table_info('{}') WHERE pk > 0 ORDER BY pk", table.name);
            let known: Vec<&str> = table.columns[..table.key].iter().map(|column| column.name).collect();
            assert_eq!(strings(&newest, &key), known, "{}", table.name);
            let texts = table.columns[..table.key].iter().filter(|column| column.kind == Kind::Text);
            assert_eq!(texts.count(), 0, "{}: texts are not ordered alike everywhere", table.name);
        }
    }

    #[test]
    fn what_may_not_be_equal_in_two_rows_can_be_set_aside() {
        let newest = database(NEWEST);
        for table in TABLES {
            let unique = format!(
                "SELECT DISTINCT c.name FROM pragma_index_list('{}') i, pragma_index_info(i.name) c
                 WHERE i.\"unique\" = 1 AND i.origin <> 'pk' ORDER BY 1",
                table.name
            );
            let key: Vec<&str> = table.columns[..table.key].iter().map(|column| column.name).collect();
            let mut there = strings(&newest, &unique);
            there.retain(|name| !key.contains(&name.as_str()));
            assert_eq!(there, table.unique, "{}", table.name);
        }
    }

    #[test]
    fn what_others_refer_to_comes_before_them() {
        let newest = database(NEWEST);
        for (at, table) in TABLES.iter().enumerate() {
            let before: Vec<&str> = TABLES[..at].iter().map(|table| table.name).collect();
            let named = format!("SELECT \"table\" FROM pragma_foreign_key_list('{}')", table.name);
            for named in strings(&newest, &named) {
                let is_first_part = named == table.name && table.part == Some("parent_id IS NULL");
                assert!(is_first_part || before.contains(&named.as_str()), "{} before {named}", table.name);
            }
        }
    }

    #[test]
    fn the_parts_of_a_table_are_all_of_it_and_share_no_row() {
        let parts: Vec<_> = TABLES.iter().filter_map(|table| Some((table.name, table.part?))).collect();
        assert_eq!(parts, [("api_keys", "parent_id IS NULL"), ("api_keys", "parent_id IS NOT NULL")]);
    }

    #[test]
    fn rows_of_an_older_schema_are_read_as_a_migration_makes_them() {
        for version in 1..NEWEST {
            let connection = database(version);
            for table in TABLES.iter().filter(|table| table.since <= version) {
                let columns = || table.columns.iter().filter(|column| column.since <= version);
                let names: Vec<&str> = columns().map(|column| column.name).collect();
                let places: Vec<&str> = columns().map(|_| "?").collect();
                let insert = format!(
                    "INSERT OR IGNORE INTO {} ({}) VALUES ({})",
                    table.name,
                    names.join(", "),
                    places.join(", ")
                );
                let row = columns().map(|column| match column.kind {
                    Kind::Int => Value::Integer(7),
                    Kind::Text => Value::Text("text".to_owned()),
                    Kind::Blob => Value::Blob(vec![7; 16]),
                });
                connection.execute(&insert, params_from_iter(row)).unwrap();
            }
            let read = |version| -> Vec<_> {
                let present = TABLES.iter().filter(|table| table.since <= version);
                let found =
                    present.map(|table| (table.name, rows(&connection, &sql::select(table, version, false))));
                found.filter(|(_, rows)| !rows.is_empty()).collect()
            };
            let before = read(version);
            migrate(&connection, version, NEWEST);
            assert!(before.len() >= 9, "{before:?}");
            assert_eq!(before, read(NEWEST), "version {version}");
        }
    }
}
