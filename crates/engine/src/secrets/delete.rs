//! Deleting a secret.

use keyholt_store::{Changes, Scope, SecretRow};
use keyholt_types::{Action, Caller, SecretId};

use super::create::Namesake;
use crate::authorise::{Operation, one_org};
use crate::engine::{ATTEMPTS, NotCommitted, secret_subject};
use crate::{Engine, Error, OrgChoice, SecretView};

impl Engine {
    /// Deletes an organisation's secret with all versions of its value, and gives it as it was last.
    ///
    /// # Errors
    /// When there is no such secret or the caller may not write.
    pub async fn delete_secret(&self, caller: &Caller, id: SecretId) -> Result<SecretView, Error> {
        let _held = self.hold_record(id).await;
        for _ in 0..ATTEMPTS {
            let (scope, row) = self.find_to_write(caller, id).await?;
            if let Some(deleted) = self.delete_row(caller, scope, row).await? {
                return Ok(deleted);
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
        let scope = one_org(caller, org, Operation::WriteSecrets)?.secrets();
        for _ in 0..ATTEMPTS {
            let Namesake::Present(row) = self.find_namesake(scope, name).await? else {
                return Err(Error::NotFound);
            };
            if let Some(deleted) = self.delete_row(caller, scope, row).await? {
                return Ok(deleted);
            }
        }
        Err(Error::Busy)
    }

    /// Deletes a row of the version that was read; none when it has changed since.
    pub(super) async fn delete_row(
        &self,
        caller: &Caller,
        scope: Scope,
        row: SecretRow,
    ) -> Result<Option<SecretView>, Error> {
        let view = self.open_row(row).await?;
        let columns = &view.columns;
        let event =
            self.event(Some(caller), scope.collection().org(), Action::SecretDelete, secret_subject(columns));
        let change = Changes::new().delete_secret(scope, columns.id, columns.version).record(event);
        match self.commit(Action::SecretDelete, change).await {
            Ok(()) => Ok(Some(view)),
            Err(NotCommitted::Stale | NotCommitted::Taken) => Ok(None),
            Err(NotCommitted::Failed(error)) => Err(error),
        }
    }
}
