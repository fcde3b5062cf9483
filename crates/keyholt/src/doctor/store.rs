//! The database and the keys in it.

use keyholt_store::{Durability, PostgresOptions, Store, StoreError};

use super::finding::Finding;
use crate::config::{self, Settings};

/// The name of the database's file in the data directory.
const FILE: &str = "keyholt.db";
/// Connections that a check opens to a shared database.
const FEWEST: usize = 4;
/// What PostgreSQL says of a table that no server has made yet (undefined_table).
const NO_TABLE: &str = "42P01";

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
    let opened = match &settings.database {
        config::Database::Sqlite if !settings.data_dir.join(FILE).exists() => return Database::None,
        config::Database::Sqlite => Store::open_directory_for_reading(&settings.data_dir),
        config::Database::Postgres(options) => {
            let for_reading = PostgresOptions { connections: FEWEST, for_reading: true, ..(**options).clone() };
            Store::connect(&for_reading).await
        }
    };
    let store = match opened {
        Ok(store) => store,
        Err(refused) => return Database::Refused(Finding::fail("database", refused.to_string())),
    };
    match store.find_deployment().await {
        Ok(Some(_)) => Database::Open(store),
        Ok(None) => Database::None,
        Err(StoreError::Fault(problem)) if problem.starts_with(NO_TABLE) => Database::None,
        Err(problem) => Database::Refused(unreadable(&store, &problem)),
    }
}

/// Reads the whole file and looks for damage. PostgreSQL's files are its own matter: it answers, and every row is looked
/// at later.
pub(super) async fn integrity(store: &Store) -> Finding {
    if store.is_shared() {
        return Finding::ok("database", "PostgreSQL answers, as the primary");
    }
    match store.check_integrity().await {
        Ok(faults) if faults.is_empty() => Finding::ok("database", "the file is whole"),
        Ok(faults) => Finding::fail(
            "database",
            format!("the file is damaged ({}): restore it from a backup", faults.join("; ")),
        ),
        Err(problem) => unreadable(store, &problem),
    }
}

/// What an acknowledged change survives, where there is a choice.
pub(super) fn durability(store: &Store) -> Option<Finding> {
    let message = match store.durability() {
        _ if !store.is_shared() => return None,
        Durability::Replicated => "replicated: what was acknowledged survives the loss of the primary",
        Durability::LocalOnly => {
            "local-only: what was acknowledged may be lost with the primary; set synchronous_standby_names if it must not"
        }
    };
    Some(Finding::ok("durability", message))
}

/// Whether it is a copy that did not come to its end, which no server starts on.
pub(super) async fn unfinished(store: &Store) -> Option<Finding> {
    match store.find_unfinished_copy().await {
        Ok(None) => None,
        Ok(Some(_)) => Some(Finding::fail(
            "copy",
            "an unfinished copy: finish it with the same `keyholt restore` or `keyholt migrate-store` that began it",
        )),
        // A schema that is older than copies: the next start brings it up to date.
        Err(_) if !store.has_newest_schema().await.unwrap_or(true) => None,
        Err(problem) => Some(unreadable(store, &problem)),
    }
}

/// The database does not answer as it must.
pub(super) fn unreadable(store: &Store, problem: &StoreError) -> Finding {
    let remedy = match store.is_shared() {
        true => "check the database server and the rights of keyholt's role",
        false => "check the disk, or restore the data from a backup",
    };
    Finding::fail("database", format!("{problem}: {remedy}"))
}
