//! The database and the keys in it.

use keyholt_store::{Store, StoreError};

use super::finding::Finding;
use crate::config::Settings;

/// The name of the database's file in the data directory.
const FILE: &str = "keyholt.db";

/// What there is of a database.
pub(super) enum Database {
    /// Nothing yet.
    None,
    /// It cannot be read.
    Refused(Finding),
    /// It can be read.
    Open(Store),
}

/// Opens the database for reading, which also works beside a server.
pub(super) async fn open(settings: &Settings) -> Database {
    if !settings.data_dir.join(FILE).exists() {
        return Database::None;
    }
    let store = match Store::open_directory_for_reading(&settings.data_dir) {
        Ok(store) => store,
        Err(refused) => return Database::Refused(Finding::fail("database", refused.to_string())),
    };
    match store.find_deployment().await {
        Ok(Some(_)) => Database::Open(store),
        Ok(None) => Database::None,
        Err(problem) => Database::Refused(unreadable(&problem)),
    }
}

/// Reads the whole file and looks for damage.
pub(super) async fn integrity(store: &Store) -> Finding {
    match store.check_integrity().await {
        Ok(faults) if faults.is_empty() => Finding::ok("database", "the file is whole"),
        Ok(faults) => Finding::fail(
            "database",
            format!("the file is damaged ({}): restore it from a backup", faults.join("; ")),
        ),
        Err(problem) => unreadable(&problem),
    }
}

/// The database does not answer as it must.
pub(super) fn unreadable(problem: &StoreError) -> Finding {
    Finding::fail("database", format!("{problem}: check the disk, or restore the data from a backup"))
}
