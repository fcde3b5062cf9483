//! Secrets of the caller's own project. A key names one by its id or its name, ids first
//! (wire/together.md 3.6).

use keyholt_store::Scope;
use keyholt_types::{Caller, SecretId};

use super::create::Namesake;
use super::edit::Edit;
use crate::authorise::Operation;
use crate::engine::{ATTEMPTS, NotCommitted};
use crate::{Engine, Error, NewSecret, SecretPatch, SecretView};

impl Engine {
    /// Makes a secret.
    ///
    /// # Errors
    /// [`Error::NameTaken`] when another has its name, and when the caller may not write.
    pub async fn create_project_secret(&self, caller: &Caller, new: NewSecret) -> Result<SecretView, Error> {
        let scope = self.project_scope(caller, Operation::WriteSecrets)?;
        self.check_name(caller, scope, &new.name)?;
        for _ in 0..ATTEMPTS {
            let erased = match self.find_namesake(scope, new.name.as_str()).await? {
                Namesake::None => None,
                Namesake::Expired(columns) => Some(columns),
                Namesake::Present(_) | Namesake::Locked => return Err(Error::NameTaken),
            };
            match self.insert(caller, scope, erased, &new).await {
                Err(NotCommitted::Taken | NotCommitted::Stale) => {}
                Ok(view) => return Ok(view),
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    /// Finds a secret.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, whatever the reason.
    pub async fn find_project_secret(&self, caller: &Caller, key: &str) -> Result<SecretView, Error> {
        let scope = self.project_scope(caller, Operation::ReadSecrets)?;
        self.find_by_key(caller, scope, key).await
    }

    /// Changes what is given of a secret.
    ///
    /// # Errors
    /// When there is none, the caller may not write, or the new name is another's.
    pub async fn patch_project_secret(
        &self,
        caller: &Caller,
        key: &str,
        patch: SecretPatch,
    ) -> Result<SecretView, Error> {
        let scope = self.project_scope(caller, Operation::WriteSecrets)?;
        for _ in 0..ATTEMPTS {
            let id = self.find_by_key(caller, scope, key).await?.columns.id;
            let _held = self.hold_record(id).await;
            // Others may have changed it during the wait.
            let present = self.find_by_key(caller, scope, key).await?;
            match self.update(caller, scope, present, &Edit::patch(&patch)).await {
                Err(NotCommitted::Stale | NotCommitted::Taken) => {}
                Ok(view) => return Ok(view),
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    /// Deletes a secret with its value.
    ///
    /// # Errors
    /// When there is none or the caller may not write.
    pub async fn delete_project_secret(&self, caller: &Caller, key: &str) -> Result<SecretView, Error> {
        let scope = self.project_scope(caller, Operation::WriteSecrets)?;
        for _ in 0..ATTEMPTS {
            let id = self.find_by_key(caller, scope, key).await?.columns.id;
            let _held = self.hold_record(id).await;
            // Others may have changed it during the wait.
            let present = self.find_by_key(caller, scope, key).await?;
            if self.delete_present(caller, scope, &present).await? {
                return Ok(present);
            }
        }
        Err(Error::Busy)
    }

    async fn find_by_key(&self, caller: &Caller, scope: Scope, key: &str) -> Result<SecretView, Error> {
        let by_id = match SecretId::parse(key) {
            Some(id) => self.store.find_secret(scope, id).await.map_err(|error| self.fault(&error))?,
            None => None,
        };
        let found = match by_id {
            Some(row) => Some(row),
            None => self.store.find_secret_named(scope, key).await.map_err(|error| self.fault(&error))?,
        };
        let reach = &caller.identity.restrictions;
        self.open_present(reach, found.ok_or(Error::NotFound)?).await?.ok_or(Error::NotFound)
    }

    /// The collection of the caller's own project.
    pub(super) fn project_scope(&self, caller: &Caller, operation: Operation) -> Result<Scope, Error> {
        let (org, project) = self.own_project(caller, operation)?;
        Ok(org.project_secrets(project))
    }
}
