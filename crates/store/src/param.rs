//! The closed vocabulary of columns: integers, texts, bytes, and nothing.

use crate::StoreError;

/// A value bound to a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Param {
    Null,
    Int(i64),
    Text(Box<str>),
    Blob(Vec<u8>),
}

impl From<i64> for Param {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<&[u8]> for Param {
    fn from(bytes: &[u8]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl From<&[u8; 16]> for Param {
    fn from(id: &[u8; 16]) -> Self {
        Self::Blob(id.to_vec())
    }
}

impl<T: Into<Param>> From<Option<T>> for Param {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Param {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Makes a list of [`Param`]s.
macro_rules! params {
    ($($param:expr),* $(,)?) => { vec![$($crate::param::Param::from($param)),*] };
}
pub(crate) use params;

/// A row that was read, column by column.
pub(crate) struct Row<'a>(pub(crate) &'a rusqlite::Row<'a>);

impl Row<'_> {
    fn value(&self, column: usize) -> Result<rusqlite::types::ValueRef<'_>, StoreError> {
        self.0.get_ref(column).map_err(|_| StoreError::Malformed("column"))
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.value(column)?.as_i64().map_err(|_| StoreError::Malformed("number"))
    }

    pub(crate) fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.value(column)?.as_i64_or_null().map_err(|_| StoreError::Malformed("number"))
    }

    pub(crate) fn text(&self, column: usize) -> Result<Box<str>, StoreError> {
        self.opt_text(column)?.ok_or(StoreError::Malformed("text"))
    }

    pub(crate) fn opt_text(&self, column: usize) -> Result<Option<Box<str>>, StoreError> {
        let text = self.value(column)?.as_str_or_null().map_err(|_| StoreError::Malformed("text"))?;
        Ok(text.map(Into::into))
    }

    pub(crate) fn blob(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        let bytes = self.value(column)?.as_blob().map_err(|_| StoreError::Malformed("bytes"))?;
        Ok(bytes.to_vec())
    }

    /// An id: `read` makes it of 16 bytes.
    pub(crate) fn id<Id>(&self, column: usize, read: fn(&[u8]) -> Option<Id>) -> Result<Id, StoreError> {
        self.opt_id(column, read)?.ok_or(StoreError::Malformed("id"))
    }

    pub(crate) fn opt_id<Id>(
        &self,
        column: usize,
        read: fn(&[u8]) -> Option<Id>,
    ) -> Result<Option<Id>, StoreError> {
        let bytes = self.value(column)?.as_blob_or_null().map_err(|_| StoreError::Malformed("id"))?;
        bytes.map(|bytes| read(bytes).ok_or(StoreError::Malformed("id"))).transpose()
    }
}
