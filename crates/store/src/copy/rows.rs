//! Rows as a copy sees them, and a way through a table in the order of its key.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::CopyError;
use super::tables::{Column, Kind, Table};
use crate::StoreError;
use crate::param::{Param, Row};

/// How many rows are read, and written, at a time: with the longest values some 100 MiB.
pub(super) const BATCH: usize = 500;

/// A row of a table, in the order of its columns.
pub(super) type Cells = Vec<Param>;

impl Table {
    /// The columns of the primary key.
    pub(super) fn key(&self) -> &'static [Column] {
        self.columns.get(..self.key).unwrap_or_default()
    }

    /// The key of one of its rows.
    pub(super) fn key_of<'a>(&self, cells: &'a [Param]) -> &'a [Param] {
        cells.get(..self.key).unwrap_or_default()
    }
}

/// Where rows can be read: a snapshot, or what has been written so far.
pub(super) trait Rows {
    /// Up to so many rows after a key, in the key's order.
    async fn rows(&self, table: &Table, after: Option<&[Param]>, limit: usize)
    -> Result<Vec<Cells>, CopyError>;
}

/// Reads a row that was selected with the table's columns.
///
/// # Errors
/// When a column does not hold what the schema says.
pub(super) fn read_cells(table: &Table, row: &Row<'_>) -> Result<Cells, CopyError> {
    let cells: Result<Cells, StoreError> =
        table.columns.iter().enumerate().map(|(at, column)| read_cell(column.kind, row, at)).collect();
    cells.map_err(|problem| CopyError::Row { table: table.name, problem })
}

fn read_cell(kind: Kind, row: &Row<'_>, at: usize) -> Result<Param, StoreError> {
    Ok(match kind {
        Kind::Int => row.opt_int(at)?.map_or(Param::Null, Param::Int),
        Kind::Text => row.opt_text(at)?.map_or(Param::Null, Param::Text),
        Kind::Blob => row.opt_id(at, |bytes| Some(bytes.to_vec()))?.map_or(Param::Null, Param::Blob),
    })
}

/// The order of two keys of one table, which is that of every database.
pub(super) fn compare_keys(left: &[Param], right: &[Param]) -> Ordering {
    let pairs = left.iter().zip(right);
    pairs.map(|(left, right)| compare(left, right)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn compare(left: &Param, right: &Param) -> Ordering {
    match (left, right) {
        (Param::Int(left), Param::Int(right)) => left.cmp(right),
        (Param::Text(left), Param::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Param::Blob(left), Param::Blob(right)) => left.cmp(right),
        (Param::Null | Param::Int(_) | Param::Text(_) | Param::Blob(_), _) => rank(left).cmp(&rank(right)),
    }
}

const fn rank(param: &Param) -> u8 {
    match param {
        Param::Null => 0,
        Param::Int(_) => 1,
        Param::Text(_) => 2,
        Param::Blob(_) => 3,
    }
}

/// A way through the rows of a table, from the first to the last.
pub(super) struct Walk<'a, R> {
    rows: &'a R,
    table: &'static Table,
    read: VecDeque<Cells>,
    last: Option<Cells>,
    is_at_end: bool,
}

impl<'a, R: Rows> Walk<'a, R> {
    pub(super) fn new(rows: &'a R, table: &'static Table) -> Self {
        Self { rows, table, read: VecDeque::new(), last: None, is_at_end: false }
    }

    /// The row that comes next; none after the last.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) async fn peek(&mut self) -> Result<Option<&Cells>, CopyError> {
        if self.read.is_empty() && !self.is_at_end {
            let after = self.last.take();
            self.read = self.rows.rows(self.table, after.as_deref(), BATCH).await?.into();
            // SQLite is read in place: whoever wants to break the copy off is let in here.
            tokio::task::yield_now().await;
            self.is_at_end = self.read.len() < BATCH;
            self.last = self.read.back().map(|cells| self.table.key_of(cells).to_vec());
        }
        Ok(self.read.front())
    }

    /// Takes the row that [`peek`](Self::peek) showed.
    pub(super) fn take(&mut self) -> Option<Cells> {
        self.read.pop_front()
    }
}

/// What two stores have at a place of a table.
pub(super) enum Place {
    /// The source alone has this row.
    Missing(Cells),
    /// The target alone has this row.
    Extra(Cells),
    /// Both have a row of this key, and they differ: the source's and the target's.
    Different(Cells),
    /// Both have this row.
    Same,
}

/// Two ways through one table, side by side.
pub(super) struct Pair<'a, S, T> {
    pub(super) source: Walk<'a, S>,
    pub(super) target: Walk<'a, T>,
}

impl<'a, S: Rows, T: Rows> Pair<'a, S, T> {
    pub(super) fn new(source: &'a S, target: &'a T, table: &'static Table) -> Self {
        Self { source: Walk::new(source, table), target: Walk::new(target, table) }
    }

    /// The next place; none after the last of both.
    ///
    /// # Errors
    /// When a row cannot be read.
    pub(super) async fn next(&mut self) -> Result<Option<Place>, CopyError> {
        let table = self.source.table;
        let order = match (self.source.peek().await?, self.target.peek().await?) {
            (None, None) => return Ok(None),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(source), Some(target)) => compare_keys(table.key_of(source), table.key_of(target)),
        };
        Ok(match order {
            Ordering::Less => self.source.take().map(Place::Missing),
            Ordering::Greater => self.target.take().map(Place::Extra),
            Ordering::Equal => {
                let (source, target) = (self.source.take(), self.target.take());
                let is_same = source == target;
                source.map(|source| if is_same { Place::Same } else { Place::Different(source) })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_as_databases_order_them() {
        let key = |byte: u8, number: i64| [Param::Blob(vec![byte; 16]), Param::Int(number)];
        for (below, above) in
            [(key(1, 9), key(2, 1)), (key(1, 9), key(1, 10)), (key(1, -1), key(1, 1)), (key(1, 0), key(255, 0))]
        {
            assert_eq!(compare_keys(&below, &above), Ordering::Less);
            assert_eq!(compare_keys(&above, &below), Ordering::Greater);
            assert_eq!(compare_keys(&above, &above.clone()), Ordering::Equal);
        }
    }
}
