//! The closed vocabulary of columns: integers, texts, bytes, and nothing.

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, Type};

use crate::StoreError;

/// A value bound to a statement. Prints its kind and size only: it is a row's content.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Param {
    Null,
    Int(i64),
    Text(Box<str>),
    Blob(Vec<u8>),
}

impl std::fmt::Debug for Param {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("nothing"),
            Self::Int(_) => f.write_str("a number"),
            Self::Text(text) => write!(f, "a text of {} bytes", text.len()),
            Self::Blob(bytes) => write!(f, "{} bytes", bytes.len()),
        }
    }
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

/// A column's content as it was read.
enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
    /// Nothing that this vocabulary has.
    Other,
}

/// A row that was read, column by column.
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    fn value(&self, column: usize) -> Result<Value<'_>, StoreError> {
        let found = match self {
            Self::Sqlite(row) => row.get_ref(column).ok().map(Value::from),
            Self::Postgres(row) => row.try_get(column).ok(),
        };
        found.ok_or(StoreError::Malformed("column"))
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.opt_int(column)?.ok_or(StoreError::Malformed("number"))
    }

    pub(crate) fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Int(number) => Ok(Some(number)),
            Value::Text(_) | Value::Blob(_) | Value::Other => Err(StoreError::Malformed("number")),
        }
    }

    pub(crate) fn text(&self, column: usize) -> Result<Box<str>, StoreError> {
        self.opt_text(column)?.ok_or(StoreError::Malformed("text"))
    }

    pub(crate) fn opt_text(&self, column: usize) -> Result<Option<Box<str>>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(bytes) => {
                let text = std::str::from_utf8(bytes).map_err(|_| StoreError::Malformed("text"))?;
                Ok(Some(text.into()))
            }
            Value::Int(_) | Value::Blob(_) | Value::Other => Err(StoreError::Malformed("text")),
        }
    }

    pub(crate) fn blob(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        match self.value(column)? {
            Value::Blob(bytes) => Ok(bytes.to_vec()),
            Value::Null | Value::Int(_) | Value::Text(_) | Value::Other => Err(StoreError::Malformed("bytes")),
        }
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
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Blob(bytes) => read(bytes).map(Some).ok_or(StoreError::Malformed("id")),
            Value::Int(_) | Value::Text(_) | Value::Other => Err(StoreError::Malformed("id")),
        }
    }
}

impl<'a> From<rusqlite::types::ValueRef<'a>> for Value<'a> {
    fn from(value: rusqlite::types::ValueRef<'a>) -> Self {
        use rusqlite::types::ValueRef;
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Int(number),
            ValueRef::Text(text) => Self::Text(text),
            ValueRef::Blob(bytes) => Self::Blob(bytes),
            ValueRef::Real(_) => Self::Other,
        }
    }
}

type PostgresError = Box<dyn std::error::Error + Sync + Send>;

/// What a column of PostgreSQL holds, of the types that the schema and its statements have.
impl<'a> FromSql<'a> for Value<'a> {
    fn from_sql(kind: &Type, bytes: &'a [u8]) -> Result<Self, PostgresError> {
        Ok(match *kind {
            Type::BYTEA => Self::Blob(bytes),
            Type::TEXT => Self::Text(bytes),
            Type::INT8 => Self::Int(i64::from_sql(kind, bytes)?),
            Type::INT4 => Self::Int(i32::from_sql(kind, bytes)?.into()),
            Type::BOOL => Self::Int(bool::from_sql(kind, bytes)?.into()),
            _ => Self::Other,
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, PostgresError> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl tokio_postgres::types::ToSql for Param {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, PostgresError> {
        match (self, kind) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(number), &Type::INT8) => number.to_sql(kind, out),
            (Self::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(kind, out),
            (Self::Text(text), &Type::TEXT) => text.to_sql(kind, out),
            (Self::Blob(bytes), &Type::BYTEA) => bytes.as_slice().to_sql(kind, out),
            // Words of ours only: what is bound stays out of errors.
            (Self::Int(_), _) => Err("a number is bound where there is none".into()),
            (Self::Text(_), _) => Err("a text is bound where there is none".into()),
            (Self::Blob(_), _) => Err("bytes are bound where there are none".into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_bound_does_not_print() {
        let printed = format!("{:?}", params!["very-private", b"very-private".as_slice(), 4711, None::<i64>]);
        assert_eq!(printed, "[a text of 12 bytes, 12 bytes, a number, nothing]");
    }
}
