//! Connections for reading, lent out one at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::open::open_for_reading;
use crate::StoreError;

/// How many idle connections are kept; more are opened when more are needed at once.
const KEPT: usize = 8;

/// Where reads go.
pub(super) enum Readers {
    /// Beside the writer, on the same file.
    OnFile {
        /// The file.
        file: PathBuf,
        /// Connections that nobody uses now.
        idle: Mutex<Vec<Connection>>,
    },
    /// Through the writer's own connection, when the database has no file.
    Sharing(Arc<Mutex<Connection>>),
}

impl Readers {
    pub(super) fn on_file(file: PathBuf) -> Self {
        Self::OnFile { file, idle: Mutex::new(Vec::with_capacity(KEPT)) }
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
            Self::OnFile { file, idle } => {
                let lent = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let connection = match lent {
                    Some(connection) => connection,
                    None => open_for_reading(file)
                        .map_err(|problem| StoreError::Unavailable(problem.to_string()))?,
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
