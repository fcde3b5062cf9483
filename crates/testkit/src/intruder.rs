//! Whoever can write the database file but has no key.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::FromSql;

/// An intruder in the database of a data directory, also while a server has it open.
pub struct Intruder(Connection);

impl Intruder {
    /// Breaks into the embedded database of a data directory.
    ///
    /// # Errors
    /// When there is none.
    pub fn in_directory(dir: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(dir.join("keyholt.db"))?;
        connection.pragma_update(None, "foreign_keys", false)?;
        connection.pragma_update(None, "busy_timeout", 5000)?;
        Ok(Self(connection))
    }

    /// Carries statements out, and tells how many rows they touched.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn execute(&self, sql: &str) -> rusqlite::Result<u64> {
        let before = self.0.total_changes();
        self.0.execute_batch(sql)?;
        Ok(self.0.total_changes() - before)
    }

    /// The first column of every row of a query.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn read<T: FromSql>(&self, sql: &str) -> rusqlite::Result<Vec<T>> {
        self.0.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
    }

    /// Bytes as SQL writes them.
    #[must_use]
    pub fn literal(bytes: &[u8]) -> String {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("x'{digits}'")
    }
}
