//! Looking a secret up by its id.

use keyholt_store::Scope;
use keyholt_types::{Caller, SecretId};

use crate::authorise::Operation;
use crate::{Engine, Error, OrgChoice, SecretView};

impl Engine {
    /// A secret of one of the caller's organisations.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, whatever the reason.
    pub async fn find_secret(&self, caller: &Caller, id: SecretId) -> Result<SecretView, Error> {
        self.find_in_orgs(caller, id, Operation::ReadSecrets).await.map(|(_, present)| present)
    }

    /// A secret that the caller may change, and where it lives.
    pub(super) async fn find_to_write(
        &self,
        caller: &Caller,
        id: SecretId,
    ) -> Result<(Scope, SecretView), Error> {
        self.find_in_orgs(caller, id, Operation::WriteSecrets).await
    }

    /// A secret of an organisation in which the caller may do this, and where it lives.
    pub(crate) async fn find_in_orgs(
        &self,
        caller: &Caller,
        id: SecretId,
        operation: Operation,
    ) -> Result<(Scope, SecretView), Error> {
        for org in self.all_orgs(caller, OrgChoice::Unnamed, operation)? {
            let scope = org.secrets();
            let found = self.store.find_secret(scope, id).await.map_err(|error| self.fault(&error))?;
            if let Some(row) = found
                && let Some(present) = self.open_present(&caller.identity.restrictions, row).await?
            {
                return Ok((scope, present));
            }
        }
        Err(Error::NotFound)
    }
}
