//! Giving values to who may have them.

use std::sync::Arc;

use keyholt_store::{Audited, Changes};
use keyholt_types::{Action, Caller, FieldProblem, SecretId, SecretValue};

use super::open_value::scope_of;
use crate::authorise::Operation;
use crate::engine::{NotCommitted, secret_subject};
use crate::{Engine, Error, Field, ListedSecret, OrgChoice, SecretFilter, SecretView};

/// Which secrets are to be revealed together.
#[derive(Debug, Clone, Copy)]
pub enum Revelation<'a> {
    /// Those of an organisation, or of all of the caller's.
    OfOrgs(OrgChoice<'a>),
    /// Those of the caller's own project.
    OfProject,
}

/// A secret with its value.
#[derive(Debug)]
pub struct RevealedSecret {
    /// The secret.
    pub secret: SecretView,
    /// Its value; none when it has none.
    pub value: Option<SecretValue>,
}

impl Engine {
    /// How many values are given at once at most.
    pub const MOST_REVEALED: usize = 1000;

    /// The value of an organisation's secret. The audit event is on the disk before this returns.
    ///
    /// # Errors
    /// When there is no such secret, the caller may not reveal, or the value does not open.
    pub async fn reveal_secret(&self, caller: &Caller, id: SecretId) -> Result<RevealedSecret, Error> {
        let (scope, secret) = self.find_in_orgs(caller, id, Operation::RevealSecrets).await?;
        let value = self.open_value(scope, &secret).await?;
        self.record_released(caller, Action::SecretReveal, [&secret]).await?;
        Ok(RevealedSecret { secret, value })
    }

    /// The values of all secrets that the caller may reveal, or of those with these names. Those that have no
    /// value or do not open are left out. The audit events are on the disk before this returns.
    ///
    /// # Errors
    /// When the caller may not reveal, names an organisation that is not theirs, or there are more than [`MOST_REVEALED`](Self::MOST_REVEALED).
    pub async fn reveal_secrets(
        self: &Arc<Self>,
        caller: &Caller,
        which: Revelation<'_>,
        names: Option<&[Box<str>]>,
    ) -> Result<Vec<RevealedSecret>, Error> {
        let mut list = match which {
            Revelation::OfOrgs(OrgChoice::Named(name))
                if !caller.identity.orgs.iter().any(|grant| &*grant.org_name == name) =>
            {
                return Err(self.deny_org(caller, Operation::RevealSecrets));
            }
            Revelation::OfOrgs(org) => {
                self.list_secrets_for(caller, org, SecretFilter::default(), Operation::RevealSecrets).await?
            }
            Revelation::OfProject => self.list_project_secrets_for(caller, Operation::RevealSecrets)?,
        };
        let mut revealed = Vec::new();
        loop {
            let batch = list.next().await?;
            if batch.is_empty() {
                break;
            }
            for listed in batch {
                let ListedSecret::Open(secret) = listed else { continue };
                if names.is_some_and(|names| !names.contains(&secret.columns.name)) {
                    continue;
                }
                let scope = scope_of(&secret.columns);
                match self.open_value(scope, &secret).await {
                    Ok(Some(value)) => revealed.push(RevealedSecret { secret, value: Some(value) }),
                    Ok(None) | Err(Error::Locked) => {}
                    Err(other) => return Err(other),
                }
                if revealed.len() > Self::MOST_REVEALED {
                    let problem = FieldProblem::MustBe("given: there are more than 1000 secrets");
                    return Err(Error::Invalid(Field::Names, problem));
                }
            }
        }
        self.record_released(caller, Action::SecretReveal, revealed.iter().map(|one| &one.secret)).await?;
        Ok(revealed)
    }

    /// Writes down that values are about to be given away: one event for each. Nothing may be given before.
    pub(super) async fn record_released<'a>(
        &self,
        caller: &Caller,
        action: Action,
        secrets: impl IntoIterator<Item = &'a SecretView>,
    ) -> Result<(), Error> {
        let released = |secret: &SecretView| {
            let org = secret.columns.collection.org();
            Changes::new().record(self.event(Some(caller), org, action, secret_subject(&secret.columns)))
        };
        let Some(change) = secrets.into_iter().map(released).reduce(Audited::and) else { return Ok(()) };
        match self.commit(action, change).await {
            Ok(()) => Ok(()),
            Err(NotCommitted::Failed(error)) => Err(error),
            // Events clash with nothing.
            Err(NotCommitted::Taken | NotCommitted::Stale) => Err(Error::Internal),
        }
    }
}
