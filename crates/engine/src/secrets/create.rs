//! Making a secret.

use keyholt_crypto::moment_of;
use keyholt_store::{Changes, Scope, SecretRow};
use keyholt_types::{Action, Caller, SecretId};

use crate::authorise::{Operation, one_org};
use crate::engine::{ATTEMPTS, NotCommitted, secret_subject};
use crate::{Engine, Error, NewSecret, OrgChoice, SecretView, Written};

/// What a name stands for at this moment.
pub(super) enum Namesake {
    /// Nobody has it.
    None,
    /// A secret that has expired and waits to be erased.
    Expired(SecretRow),
    /// A secret.
    Present(SecretRow),
}

impl Engine {
    /// Makes a secret of an organisation; when its name is taken, gives the secret of that name as it
    /// is and changes nothing (wire/braintrust.md 3.2).
    ///
    /// # Errors
    /// When the caller may not write, or did not say in which of several organisations.
    pub async fn create_secret(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        new: NewSecret,
    ) -> Result<Written, Error> {
        let scope = one_org(caller, org, Operation::WriteSecrets)?.secrets();
        for _ in 0..ATTEMPTS {
            let namesake = self.find_namesake(scope, new.name.as_str()).await?;
            if let Namesake::Present(row) = namesake {
                return Ok(Written { secret: self.open_row(row).await?, found_existing: true });
            }
            match self.insert(caller, scope, namesake, &new).await {
                Ok(secret) => return Ok(Written { secret, found_existing: false }),
                Err(NotCommitted::Taken | NotCommitted::Stale) => {}
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    /// What has this name now.
    pub(super) async fn find_namesake(&self, scope: Scope, name: &str) -> Result<Namesake, Error> {
        let found = self.store.find_secret_named(scope, name).await.map_err(|error| self.fault(&error))?;
        Ok(match found {
            None => Namesake::None,
            Some(row) if row.columns.is_expired(self.clock.now()) => Namesake::Expired(row),
            Some(row) => Namesake::Present(row),
        })
    }

    /// Adds a secret under an id of its own, in place of an expired one of its name.
    pub(super) async fn insert(
        &self,
        caller: &Caller,
        scope: Scope,
        namesake: Namesake,
        new: &NewSecret,
    ) -> Result<SecretView, NotCommitted> {
        let id = SecretId::new(self.ids.mint(self.clock.now()));
        let created_at = moment_of(id.uuid());
        let sealed = self.seal_new(caller, scope, id, created_at, new).await.map_err(NotCommitted::Failed)?;
        let org = scope.collection().org();
        let made = self.event(Some(caller), org, Action::SecretCreate, secret_subject(&sealed.row.columns));
        let mut change = sealed.inserted(scope).record(made);
        if let Namesake::Expired(row) = namesake {
            let erased = self.event(None, org, Action::SecretExpire, secret_subject(&row.columns));
            let erasure =
                Changes::new().delete_secret(scope, row.columns.id, row.columns.version).record(erased);
            change = erasure.and(change);
        }
        self.commit(Action::SecretCreate, change).await?;
        Ok(sealed.view)
    }
}
