//! The list of differences between databases: all that one SQL text cannot say for each of them.
//!
//! | placeholder | SQLite | why |
//! | --- | --- | --- |
//! | `{{blob}}` | `BLOB` | another database has another word for bytes |
//! | `{{text}}` | `TEXT` | another database must be told to compare bytes (`COLLATE "C"`) |
//! | `{{clustered}}` | `WITHOUT ROWID` | rows lie in the primary key's order; elsewhere there is no such choice |
//!
//! Statements use `?N`, which names the Nth parameter wherever it stands.

/// The text of a migration in SQLite's words.
pub(crate) fn for_sqlite(text: &str) -> String {
    text.replace("{{blob}}", "BLOB").replace("{{text}}", "TEXT").replace("{{clustered}}", "WITHOUT ROWID")
}
