//! Deleting a secret.

use keyholt_store::{Changes, Scope, SecretRow};
use keyholt_types::{Action, Caller, SecretColumns, SecretId};

use super::create::Namesake;
use super::sealing::is_within;
use crate::authorise::Operation;
use crate::engine::{ATTEMPTS, NotCommitted, secret_subject};
use crate::{Engine, Error, ListedSecret, OrgChoice, SecretView};

impl Engine {
    /// Deletes an organisation's secret with all versions of its value, and gives it as it was last.
    ///
    /// # Errors
    /// When there is no such secret or the caller may not write.
    pub async fn delete_secret(&self, caller: &Caller, id: SecretId) -> Result<SecretView, Error> {
        let _held = self.hold_record(id).await;
        for _ in 0..ATTEMPTS {
            let (scope, present) = self.find_to_write(caller, id).await?;
            if self.delete_present(caller, scope, &present).await? {
                return Ok(present);
            }
        }
        Err(Error::Busy)
    }

    /// Deletes the organisation's secret of this name, likewise (wire/braintrust.md 3.4).
    ///
    /// # Errors
    /// When there is no such secret, the caller may not write, or did not say in which of several
    /// organisations.
    pub async fn delete_secret_named(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        name: &str,
    ) -> Result<SecretView, Error> {
        let scope = self.one_org(caller, org, Operation::WriteSecrets)?.secrets();
        for _ in 0..ATTEMPTS {
            let id = self.find_named(caller, scope, name).await?.columns.id;
            let _held = self.hold_record(id).await;
            // Others may have changed it during the wait.
            let present = self.find_named(caller, scope, name).await?;
            if self.delete_present(caller, scope, &present).await? {
                return Ok(present);
            }
        }
        Err(Error::Busy)
    }

    /// Deletes an organisation's secret by its id also when it does not open, so that a name that is
    /// stuck on a damaged row becomes free.
    ///
    /// # Errors
    /// When there is no such secret or the caller may not write.
    pub async fn erase_secret(&self, caller: &Caller, id: SecretId) -> Result<ListedSecret, Error> {
        match self.delete_secret(caller, id).await {
            Ok(deleted) => Ok(ListedSecret::Open(deleted)),
            Err(Error::Locked) => self.erase_locked(caller, id).await.map(ListedSecret::Locked),
            Err(error) => Err(error),
        }
    }

    async fn erase_locked(&self, caller: &Caller, id: SecretId) -> Result<SecretColumns, Error> {
        for org in self.all_orgs(caller, OrgChoice::Unnamed, Operation::WriteSecrets)? {
            let scope = org.secrets();
            let found = self.store.find_secret(scope, id).await.map_err(|error| self.fault(&error))?;
            // What a row that does not open says of itself is all that can be gone by.
            let is_within = |row: &SecretRow| is_within(&caller.identity.restrictions, &row.columns);
            let Some(row) = found.filter(is_within) else { continue };
            // Somebody else may have mended or deleted it meanwhile; then it is theirs to say.
            return if self.delete_columns(caller, scope, &row.columns).await? {
                Ok(row.columns)
            } else {
                Err(Error::Busy)
            };
        }
        Err(Error::NotFound)
    }

    async fn find_named(&self, caller: &Caller, scope: Scope, name: &str) -> Result<SecretView, Error> {
        let reach = &caller.identity.restrictions;
        if !reach.allow_name(name) {
            return Err(Error::NotFound);
        }
        match self.find_namesake(scope, name).await? {
            Namesake::Present(present) if is_within(reach, &present.columns) => Ok(present),
            Namesake::None | Namesake::Expired(_) | Namesake::Present(_) => Err(Error::NotFound),
            Namesake::Locked => Err(Error::Locked),
        }
    }

    /// Deletes a secret of the version that was read; false when it has changed since.
    pub(super) async fn delete_present(
        &self,
        caller: &Caller,
        scope: Scope,
        present: &SecretView,
    ) -> Result<bool, Error> {
        self.delete_columns(caller, scope, &present.columns).await
    }

    async fn delete_columns(
        &self,
        caller: &Caller,
        scope: Scope,
        columns: &SecretColumns,
    ) -> Result<bool, Error> {
        let event =
            self.event(Some(caller), scope.collection().org(), Action::SecretDelete, secret_subject(columns));
        let change = Changes::new().delete_secret(scope, columns.id, columns.version).record(event);
        match self.commit(Action::SecretDelete, change).await {
            Ok(()) => Ok(true),
            Err(NotCommitted::Stale | NotCommitted::Taken) => Ok(false),
            Err(NotCommitted::Failed(error)) => Err(error),
        }
    }
}
