//! The names behind ids, for tables that people read.

use std::collections::BTreeMap;

use super::{ClientError, Connection, Listing, text};

/// The names of the records of a list, as far as the caller may see them.
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    /// Reads the whole list.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub(crate) async fn read(server: &Connection, path: &str) -> Result<Self, ClientError> {
        let records = server.list(&Listing::all(path, &[])).await?;
        let name = |record| (text(record, "id").to_owned(), text(record, "name").to_owned());
        Ok(Self(records.iter().map(name).collect()))
    }

    /// The name of the record of this id; the id where the name is not known.
    pub(crate) fn of<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.get(id).map_or(id, String::as_str)
    }
}
