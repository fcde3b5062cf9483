//! Choosing the secrets that serve a request, and opening one of them when its turn comes.

use std::cmp::{Ordering, Reverse};
use std::sync::{Arc, atomic};

use keyholt_store::Scope;
use keyholt_types::{Caller, OrgId, SecretId};

use super::usable::{Usable, UseRequest};
use crate::authorise::Operation;
use crate::providers::{ProviderType, Unfit};
use crate::{Denied, Engine, Error, OrgChoice};

/// A secret that serves a request, as far as can be told before it is [opened](Engine::open_choice).
#[derive(Debug)]
pub struct Choice {
    scope: Scope,
    secret: Secret,
}

#[derive(Debug)]
enum Secret {
    /// The request names it, and is told at once what is wrong with it.
    Open(Box<Usable>),
    /// Its profile says so; its row has yet to be read.
    Closed(SecretId, Arc<Asked>),
}

/// A request that names no secret.
#[derive(Debug)]
struct Asked {
    model: Option<Box<str>>,
    provider: Option<ProviderType>,
    understands: fn(ProviderType) -> bool,
}

impl Choice {
    /// Its organisation.
    #[must_use]
    pub fn org(&self) -> OrgId {
        self.scope.collection().org()
    }

    /// The secret, where the request names it.
    #[must_use]
    pub fn named(&self) -> Option<&Usable> {
        match &self.secret {
            Secret::Open(usable) => Some(usable),
            Secret::Closed(..) => None,
        }
    }
}

impl Engine {
    /// The secrets that serve a request, best first: those of the highest weight (metadata `keyholt.weight`, 1
    /// when not given), taking turns among equals.
    ///
    /// # Errors
    /// [`Error::NotFound`] when none does, [`Error::Unusable`] when the only ones that would cannot be used as
    /// they are; when the caller may not use.
    pub async fn find_usable(&self, caller: &Caller, request: UseRequest<'_>) -> Result<Vec<Choice>, Error> {
        self.require(caller, Operation::UseSecrets)?;
        if !caller.identity.allows_model(request.model) {
            self.count_refused_attempt(caller, None, keyholt_types::Action::SecretUse);
            return Err(Error::Forbidden(Denied::OutsidePattern));
        }
        let (mut choices, mut problem) = (Vec::new(), None);
        match request.name {
            Some(name) => {
                for (scope, outcome) in self.judge_named(caller, name, request).await? {
                    match outcome {
                        Ok(usable) => {
                            let weight = usable.weight();
                            choices.push((weight, Choice { scope, secret: Secret::Open(Box::new(usable)) }));
                        }
                        Err(unfit) => problem = Some(unfit),
                    }
                }
            }
            None => {
                let UseRequest { model, provider, understands, .. } = request;
                let asked = Arc::new(Asked { model: model.map(Box::from), provider, understands });
                for one in self.judge_secrets(caller, request).await? {
                    match one.weight {
                        Ok(weight) => {
                            let secret = Secret::Closed(one.id, Arc::clone(&asked));
                            choices.push((weight, Choice { scope: one.scope, secret }));
                        }
                        Err(unfit) => problem = Some(unfit),
                    }
                }
            }
        }
        if choices.is_empty() {
            return Err(problem.map_or(Error::NotFound, Error::Unusable));
        }
        let turn = self.turns.fetch_add(1, atomic::Ordering::Relaxed);
        let turns = choices.len();
        choices.rotate_left(turn % turns);
        choices.sort_by(|(one, _), (other, _)| other.partial_cmp(one).unwrap_or(Ordering::Equal));
        Ok(choices.into_iter().map(|(_, choice)| choice).collect())
    }

    /// The secret of a choice: its row is read as it is now, opened and judged again, whatever was known of it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it does not open or no longer serves the request, [`Error::Unusable`] when it would but
    /// can no longer be used.
    pub async fn open_choice(&self, caller: &Caller, choice: Choice) -> Result<Usable, Error> {
        let (id, asked) = match choice.secret {
            Secret::Open(usable) => return Ok(*usable),
            Secret::Closed(id, asked) => (id, asked),
        };
        let request = UseRequest {
            model: asked.model.as_deref(),
            name: None,
            provider: asked.provider,
            understands: asked.understands,
        };
        let opened = self.open_chosen(caller, choice.scope, id, request).await;
        if let Err(Error::NotFound | Error::Unusable(_)) = opened {
            // It was not as it was known; nor may the others be.
            self.profiles.forget(choice.scope.collection().org());
        }
        opened
    }

    async fn open_chosen(
        &self,
        caller: &Caller,
        scope: Scope,
        id: SecretId,
        request: UseRequest<'_>,
    ) -> Result<Usable, Error> {
        let row = self.store.find_secret(scope, id).await.map_err(|error| self.fault(&error))?;
        let opened = self.open_present(&caller.identity.restrictions, row.ok_or(Error::NotFound)?).await;
        let secret = match opened {
            Ok(secret) => secret.ok_or(Error::NotFound)?,
            // As in lists: what does not open is not there.
            Err(Error::Locked) => return Err(Error::NotFound),
            Err(other) => return Err(other),
        };
        self.usable(scope, secret, request).map_err(Error::Unusable)?.ok_or(Error::NotFound)
    }

    /// The secrets of this name in the caller's organisations that a request is about, newest first. Left out are those
    /// that do not open, have expired or are out of reach.
    async fn judge_named(
        &self,
        caller: &Caller,
        name: &str,
        request: UseRequest<'_>,
    ) -> Result<Vec<(Scope, Result<Usable, Unfit>)>, Error> {
        let mut found = Vec::new();
        for org in self.all_orgs(caller, OrgChoice::Unnamed, Operation::UseSecrets)? {
            let scope = org.secrets();
            let row = self.store.find_secret_named(scope, name).await.map_err(|error| self.fault(&error))?;
            let Some(row) = row else { continue };
            let secret = match self.open_present(&caller.identity.restrictions, row).await {
                Ok(Some(secret)) => secret,
                Ok(None) | Err(Error::Locked) => continue,
                Err(other) => return Err(other),
            };
            let id = secret.columns.id;
            // Whatever its type is: whoever names a secret is told what is wrong with it.
            found.extend(self.usable(scope, secret, request).transpose().map(|outcome| (id, scope, outcome)));
        }
        found.sort_by_key(|(id, ..)| Reverse(*id));
        Ok(found.into_iter().map(|(_, scope, outcome)| (scope, outcome)).collect())
    }
}
