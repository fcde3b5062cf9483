//! Connections for reading, lent out one at a time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use rusqlite::Connection;

use super::open::open_for_reading;
use crate::StoreError;

/// How many idle connections are kept; more are opened when more are needed at once.
const KEPT: usize = 8;

/// The page caches of all connections together, in KiB. As many as there are processors read at a time, since reads are
/// in place; with few of them each can keep the upper pages of a table of a million rows, so that reading one of them
/// does not cost more system calls than reading one of a thousand.
const CACHES_KIB: usize = 20 * 1024;

/// The least cache of a connection, in KiB.
const CACHE_KIB: usize = 2 * 1024;

/// Where reads go.
pub(super) enum Readers {
    /// Beside the writer, on the same file.
    OnFile {
        /// The file.
        file: PathBuf,
        /// The page cache of each connection, in KiB.
        cache_kib: i64,
        /// Connections that nobody uses now.
        idle: Mutex<Vec<Connection>>,
    },
    /// Through the writer's own connection, when the database has no file.
    Sharing(Arc<Mutex<Connection>>),
}

impl Readers {
    pub(super) fn on_file(file: PathBuf) -> Self {
        Self::OnFile { file, cache_kib: cache_kib(), idle: Mutex::new(Vec::with_capacity(KEPT)) }
    }

    pub(super) fn sharing(connection: Arc<Mutex<Connection>>) -> Self {
        Self::Sharing(connection)
    }

    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sharing(connection) => read(&connection.lock().unwrap_or_else(PoisonError::into_inner)),
            Self::OnFile { file, cache_kib, idle } => {
                let lent = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let connection = match lent {
                    Some(connection) => connection,
                    None => open(file, *cache_kib)?,
                };
                let result = read(&connection);
                let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
                if idle.len() < KEPT {
                    idle.push(connection);
                }
                result
            }
        }
    }
}

fn open(file: &Path, cache_kib: i64) -> Result<Connection, StoreError> {
    let unavailable = |problem: &dyn std::fmt::Display| StoreError::Unavailable(problem.to_string());
    let connection = open_for_reading(file).map_err(|problem| unavailable(&problem))?;
    // In KiB, negative by SQLite's convention.
    connection.pragma_update(None, "cache_size", -cache_kib).map_err(|problem| unavailable(&problem))?;
    Ok(connection)
}

fn cache_kib() -> i64 {
    let at_a_time = available_parallelism().map_or(KEPT, usize::from).min(KEPT);
    i64::try_from((CACHES_KIB / at_a_time).max(CACHE_KIB)).unwrap_or_default()
}
