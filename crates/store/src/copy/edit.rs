//! What is done to the rows of a target.

use std::fmt::Write;

use super::rows::Cells;
use super::sql;
use super::tables::{Kind, Table};
use crate::param::Param;

/// One thing that is done to one row.
#[derive(Debug)]
pub(super) enum Edit {
    /// It is added: all columns.
    Insert(Cells),
    /// It is overwritten: all columns.
    Update(Cells),
    /// What must be unique of it is replaced by what nobody else has, until it is overwritten: its key.
    SetAside(Cells),
    /// It is removed: its key.
    Delete(Cells),
}

impl Edit {
    pub(super) fn sql(&self, table: &Table) -> String {
        match self {
            Self::Insert(_) => sql::insert(table),
            Self::Update(_) => sql::update(table),
            Self::SetAside(_) => sql::set_aside(table),
            Self::Delete(_) => sql::delete(table),
        }
    }

    pub(super) fn params(&self, table: &Table) -> Cells {
        match self {
            Self::Insert(cells) | Self::Update(cells) | Self::Delete(cells) => cells.clone(),
            Self::SetAside(key) => {
                let own = format!("set aside by a copy: {}", digits(key));
                let kinds = table.unique.iter().map(|name| table.kind_of(name));
                let fillers = kinds.map(|kind| match kind {
                    Kind::Text | Kind::Int => Param::Text(own.as_str().into()),
                    Kind::Blob => Param::Blob(own.clone().into_bytes()),
                });
                key.iter().cloned().chain(fillers).collect()
            }
        }
    }
}

impl Table {
    fn kind_of(&self, name: &str) -> Kind {
        let column = self.columns.iter().find(|column| column.name == name);
        column.map_or(Kind::Text, |column| column.kind)
    }
}

fn digits(key: &[Param]) -> String {
    let mut digits = String::new();
    for param in key {
        // Writing to a string cannot fail.
        let _written = match param {
            Param::Int(number) => write!(digits, "{number}."),
            Param::Blob(bytes) => bytes.iter().try_for_each(|byte| write!(digits, "{byte:02x}")),
            Param::Null | Param::Text(_) => Ok(()),
        };
    }
    digits
}
