//! Making a secret.

use keyholt_crypto::moment_of;
use keyholt_store::Scope;
use keyholt_types::{Action, Caller, SecretColumns, SecretId, SecretName};

use crate::authorise::Operation;
use crate::engine::{ATTEMPTS, NotCommitted, secret_subject};
use crate::{Engine, Error, NewSecret, OrgChoice, SecretView, Written};

/// What a name stands for at this moment.
pub(super) enum Namesake {
    /// Nobody has it.
    None,
    /// A secret that has expired and waits to be erased.
    Expired(SecretColumns),
    /// A secret.
    Present(SecretView),
    /// A secret that does not open.
    Locked,
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
        let scope = self.one_org(caller, org, Operation::WriteSecrets)?.secrets();
        self.check_name(caller, scope, &new.name)?;
        for _ in 0..ATTEMPTS {
            let erased = match self.find_namesake(scope, new.name.as_str()).await? {
                Namesake::None => None,
                Namesake::Expired(columns) => Some(columns),
                Namesake::Present(secret) => {
                    self.check_reach(caller, &secret.columns)?;
                    return Ok(Written { secret, found_existing: true });
                }
                Namesake::Locked => return Err(Error::Locked),
            };
            match self.insert(caller, scope, erased, &new).await {
                Ok(secret) => return Ok(Written { secret, found_existing: false }),
                Err(NotCommitted::Taken | NotCommitted::Stale) => {}
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    /// Refuses a name that is out of the caller's reach, before it is looked up.
    pub(super) fn check_name(&self, caller: &Caller, scope: Scope, name: &SecretName) -> Result<(), Error> {
        if caller.identity.restrictions.allow_name(name.as_str()) {
            Ok(())
        } else {
            Err(self.deny_reach(caller, scope.collection().org()))
        }
    }

    /// What has this name now, whoever asks.
    pub(super) async fn find_namesake(&self, scope: Scope, name: &str) -> Result<Namesake, Error> {
        let found = self.store.find_secret_named(scope, name).await.map_err(|error| self.fault(&error))?;
        let Some(row) = found else { return Ok(Namesake::None) };
        let columns = row.columns.clone();
        match self.open_row(row).await {
            // Also one that does not open is erased when its time has come; it has been reported.
            Ok(_) | Err(Error::Locked) if columns.is_expired(self.clock.now()) => {
                Ok(Namesake::Expired(columns))
            }
            Ok(secret) => Ok(Namesake::Present(secret)),
            Err(Error::Locked) => Ok(Namesake::Locked),
            Err(error) => Err(error),
        }
    }

    /// Adds a secret under an id of its own, in place of an expired one of its name if there is one.
    pub(super) async fn insert(
        &self,
        caller: &Caller,
        scope: Scope,
        erased: Option<SecretColumns>,
        new: &NewSecret,
    ) -> Result<SecretView, NotCommitted> {
        let id = SecretId::new(self.ids.mint(self.clock.now()));
        let created_at = moment_of(id.uuid());
        let sealed =
            self.seal_new(caller, scope, (id, 1), created_at, new).await.map_err(NotCommitted::Failed)?;
        let org = scope.collection().org();
        let erasure = erased.map(|columns| self.erasure(scope, &columns));
        let made = self.event(Some(caller), org, Action::SecretCreate, secret_subject(&sealed.row.columns));
        let change = sealed.inserted(scope).record(made).after(erasure);
        self.commit(Action::SecretCreate, change).await?;
        Ok(sealed.view)
    }
}
