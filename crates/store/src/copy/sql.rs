//! The statements of a copy, made of the names in [`tables`](super::tables) alone.

use super::tables::{Column, Table};

/// Rows in the order of the primary key, of a schema of this version; after a key where `is_after`, whose columns are
/// the first parameters. The last parameter is how many.
pub(super) fn select(table: &Table, version: i64, is_after: bool) -> String {
    let columns = list(table.columns, ", ", |_, column| match column.since <= version {
        true => column.name.to_owned(),
        false => format!("{} AS {}", column.before, column.name),
    });
    let key = list(table.key(), ", ", |_, column| column.name.to_owned());
    let mut conditions: Vec<String> = part(table, version).into_iter().collect();
    let mut limit = 1;
    if is_after {
        conditions.push(format!("({key}) > ({})", list(table.key(), ", ", |at, _| format!("?{at}"))));
        limit += table.key;
    }
    let conditions = match conditions.is_empty() {
        true => String::new(),
        false => format!(" WHERE {}", conditions.join(" AND ")),
    };
    format!("SELECT {columns} FROM {}{conditions} ORDER BY {key} LIMIT ?{limit}", table.name)
}

/// How many rows there are.
pub(super) fn count(table: &Table, version: i64) -> String {
    let condition = part(table, version).map(|part| format!(" WHERE {part}")).unwrap_or_default();
    format!("SELECT count(*) FROM {}{condition}", table.name)
}

/// Adds a row: a parameter for each column.
pub(super) fn insert(table: &Table) -> String {
    let columns = list(table.columns, ", ", |_, column| column.name.to_owned());
    format!(
        "INSERT INTO {} ({columns}) VALUES ({})",
        table.name,
        list(table.columns, ", ", |at, _| format!("?{at}"))
    )
}

/// Overwrites a row: a parameter for each column, the key's first. None where the key is all there is.
pub(super) fn update(table: &Table) -> String {
    let of_key = |column: &Column| table.key().iter().any(|key| key.name == column.name);
    let set: Vec<String> = (1..)
        .zip(table.columns)
        .filter(|(_, column)| !of_key(column))
        .map(|(at, column): (usize, _)| format!("{} = ?{at}", column.name))
        .collect();
    format!("UPDATE {} SET {} WHERE {}", table.name, set.join(", "), is_key(table))
}

/// Moves a row aside: a parameter for each column of the key, then one for each unique column.
pub(super) fn set_aside(table: &Table) -> String {
    let set: Vec<String> =
        (1 + table.key..).zip(table.unique).map(|(at, name)| format!("{name} = ?{at}")).collect();
    format!("UPDATE {} SET {} WHERE {}", table.name, set.join(", "), is_key(table))
}

/// Removes a row by its key.
pub(super) fn delete(table: &Table) -> String {
    format!("DELETE FROM {} WHERE {}", table.name, is_key(table))
}

fn is_key(table: &Table) -> String {
    list(table.key(), " AND ", |at, column| format!("{} = ?{at}", column.name))
}

/// The condition of a part; before there were parts, all rows are of the first.
fn part(table: &Table, version: i64) -> Option<String> {
    let column = |part: &str| part.split(' ').next().map(ToOwned::to_owned);
    let part = table.part?;
    let name = column(part)?;
    let is_there = table.columns.iter().any(|column| column.name == name && column.since <= version);
    is_there.then(|| part.to_owned())
}

fn list(columns: &[Column], separator: &str, word: impl Fn(usize, &Column) -> String) -> String {
    let words: Vec<String> = (1..).zip(columns).map(|(at, column)| word(at, column)).collect();
    words.join(separator)
}
