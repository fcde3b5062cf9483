//! Erasing what has expired.

use std::sync::atomic::Ordering;

use keyholt_store::{Audited, Changes, Scope, SecretRow};
use keyholt_types::{Action, Collection, SecretColumns};

use crate::authorise::server_scope;
use crate::engine::{NotCommitted, secret_subject};
use crate::{Engine, Error};

impl Engine {
    /// Erases secrets that have expired, with their values, and empties the log when it still holds what
    /// was deleted since it was last empty. Every read treats expired secrets as gone before that. Returns how many were erased, 100 at most: call
    /// again until none is left.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn erase_expired(&self) -> Result<usize, Error> {
        if !self.store.leads() {
            // Another node does.
            return Ok(0);
        }
        let now = self.clock.now();
        let expired = self.store.list_expired_secrets(now, 100).await.map_err(|error| self.fault(&error))?;
        let mut erased = 0;
        for row in expired {
            erased += usize::from(self.erase(row).await?);
        }
        let holds_deleted = &self.log_holds_deleted;
        if holds_deleted.swap(false, Ordering::SeqCst) && self.store.checkpoint().await.is_err() {
            // Somebody reads the log just now: the next time.
            holds_deleted.store(true, Ordering::SeqCst);
        }
        Ok(erased)
    }

    async fn erase(&self, row: SecretRow) -> Result<bool, Error> {
        let columns = row.columns.clone();
        let org = server_scope(columns.collection.org());
        let scope = match columns.collection {
            Collection::Org(_) => org.secrets(),
            Collection::Project(_, project) => org.project_secrets(project),
        };
        // Erased it is in any case; one that does not open is reported before, for its expiry may be forged.
        match self.open_row(row).await {
            Ok(_) | Err(Error::Locked) => {}
            Err(error) => return Err(error),
        }
        match self.commit(Action::SecretExpire, self.erasure(scope, &columns)).await {
            Ok(()) => Ok(true),
            // Somebody was faster.
            Err(NotCommitted::Stale | NotCommitted::Taken) => Ok(false),
            Err(NotCommitted::Failed(error)) => Err(error),
        }
    }

    /// The change that erases a secret which has expired.
    pub(super) fn erasure(&self, scope: Scope, columns: &SecretColumns) -> Audited {
        let event = self.event(None, scope.collection().org(), Action::SecretExpire, secret_subject(columns));
        Changes::new().delete_secret(scope, columns.id, columns.version).record(event)
    }
}
