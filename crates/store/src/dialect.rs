//! The list of differences between databases: all that one SQL text cannot say for each of them.
//!
//! | what | SQLite | PostgreSQL | why |
//! | --- | --- | --- | --- |
//! | `{{blob}}` | `BLOB` | `BYTEA` | each has its own word for bytes |
//! | `{{text}}` | `TEXT` | `TEXT COLLATE "C"` | PostgreSQL must be told to compare bytes |
//! | `{{clustered}}` | `WITHOUT ROWID` | nothing | rows lie in the primary key's order; PostgreSQL has no such choice |
//! | `?N` | `?N` | `$N` | SQLite would number `$N` by where each first appears, not by N |
//! | ending views | nothing | counts up `epochs`, notifies | a data directory has one process, which knows |

/// The text of a migration in SQLite's words.
pub(crate) fn for_sqlite(text: &str) -> String {
    text.replace("{{blob}}", "BLOB").replace("{{text}}", "TEXT").replace("{{clustered}}", "WITHOUT ROWID")
}

/// The text of a migration in PostgreSQL's words.
pub(crate) fn for_postgres(text: &str) -> String {
    text.replace("{{blob}}", "BYTEA").replace("{{text}}", "TEXT COLLATE \"C\"").replace("{{clustered}}", "")
}

/// A statement with PostgreSQL's placeholders. A question mark stands for nothing else in our statements.
pub(crate) fn placeholders_for_postgres(sql: &str) -> String {
    sql.replace('?', "$")
}
