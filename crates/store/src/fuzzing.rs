//! What reads rows that somebody may have changed, opened to the targets in `fuzz/`. Not part of any build that is
//! shipped: the feature `fuzzing` is turned on there alone.

use rusqlite::Connection;

use crate::audit_record::{insert_record, read_record};
use crate::param::{Param, Row};
use crate::{StoreError, StoredAuditRecord};

/// What a column of a row holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A number.
    Int(i64),
    /// A number that no column has.
    Real(f64),
    /// A text, of any bytes: SQLite does not look at them.
    Text(Vec<u8>),
    /// Bytes.
    Blob(Vec<u8>),
}

impl rusqlite::ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(bytes) => ValueRef::Text(bytes),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl From<Param> for Cell {
    fn from(param: Param) -> Self {
        match param {
            Param::Null => Self::Null,
            Param::Int(number) => Self::Int(number),
            Param::Text(text) => Self::Text(text.as_bytes().to_vec()),
            Param::Blob(bytes) => Self::Blob(bytes),
        }
    }
}

/// Reads rows as they come from the embedded database.
pub struct RowReader(Connection);

impl RowReader {
    /// One on a database in memory, in which nothing is stored.
    ///
    /// # Errors
    /// When SQLite has no memory.
    pub fn new() -> Result<Self, StoreError> {
        Connection::open_in_memory().map(Self).map_err(|_| StoreError::Malformed("database"))
    }

    /// Reads an audit record of its columns.
    ///
    /// # Errors
    /// When they are not as they were written.
    pub fn read_audit_record(&self, cells: &[Cell]) -> Result<StoredAuditRecord, StoreError> {
        let places: Vec<String> = (1..=cells.len()).map(|number| format!("?{number}")).collect();
        let sql = format!("SELECT {}", places.join(","));
        let failed = |_| StoreError::Malformed("statement");
        let mut statement = self.0.prepare_cached(&sql).map_err(failed)?;
        let mut rows = statement.query(rusqlite::params_from_iter(cells)).map_err(failed)?;
        let row = rows.next().map_err(failed)?.ok_or(StoreError::Malformed("row"))?;
        read_record(&Row::Sqlite(row))
    }
}

/// The columns of an audit record, as it is written.
#[must_use]
pub fn columns_of_audit_record(stored: &StoredAuditRecord) -> Vec<Cell> {
    insert_record(stored).params.into_iter().map(Cell::from).collect()
}
