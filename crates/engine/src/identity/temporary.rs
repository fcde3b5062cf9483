//! Credentials for a short time: to be used through the gateway, or shown by a proxy, in place of an API key
//! (design/decisions.md 24).

use keyholt_crypto::ApiKeyToken;
use keyholt_store::{Changes, Uses};
use keyholt_types::{Action, ApiKeyId, Caller, Right, Rights, Temporary, Timestamp, Via};

use super::KeyToIssue;
use crate::authorise::Operation;
use crate::engine::NotCommitted;
use crate::{Denied, Engine, Error};

/// How long a credential is kept after its end, in seconds: so long its use can be looked into.
const KEPT_SECONDS: i64 = 86_400;

impl Engine {
    /// How long a credential lasts at most: a day, in seconds.
    pub const LONGEST_CREDENTIAL: i64 = 86_400;

    /// How many credentials of an API key are valid at once at most. Each is a row until a day after its end, and is kept
    /// in memory while it is used: whoever makes one for each request must not fill either.
    pub const MOST_CREDENTIALS: u32 = 1000;

    /// Makes a credential that lasts so many seconds, at most as long as the caller's own API key, and may be
    /// used, for this model alone where one is given. It ends with the key that makes it.
    ///
    /// # Errors
    /// When the caller may not use, or shows a credential for a short time or a token itself; [`Error::TooMany`] while
    /// [`MOST_CREDENTIALS`](Self::MOST_CREDENTIALS) of the caller's API key are valid.
    pub async fn create_credential(
        &self,
        caller: &Caller,
        model: Option<Box<str>>,
        lifetime_seconds: i64,
    ) -> Result<ApiKeyToken, Error> {
        self.require(caller, Operation::UseSecrets)?;
        let identity = &caller.identity;
        if identity.temporary.is_some() || identity.via != Via::ApiKey {
            return Err(Error::Forbidden(Denied::MoreThanOwn));
        }
        let passed_on = Rights::of(&[Right::Use, Right::Reveal]);
        let grants = identity.orgs.iter().map(|grant| (grant.org, grant.rights.both(passed_on)));
        let lifetime = lifetime_seconds.clamp(1, Self::LONGEST_CREDENTIAL);
        let now = self.clock.now();
        let end = now.plus_seconds(lifetime);
        let token = ApiKeyToken::make().map_err(|_| Error::Internal)?;
        let rows = KeyToIssue {
            name: identity.api_key_name.clone(),
            principal: Some(identity.principal),
            grants: grants.filter(|(_, rights)| *rights != Rights::NONE).collect(),
            project_org: identity.project.org,
            project: identity.project.id,
            operator: false,
            expires_at: Some(identity.expires_at.map_or(end, |own| own.min(end))),
            restrictions: identity.restrictions.clone(),
            temporary: Some(Temporary { parent: identity.api_key, model }),
        }
        .rows(self, Some(caller), &token.credential())?;
        let conditions =
            Changes::new().require_fewer_credentials(identity.api_key, Self::MOST_CREDENTIALS, now);
        let change = rows.inserted_as(self, caller, Action::CredentialCreate, conditions);
        match self.commit(Action::CredentialCreate, change).await {
            Ok(()) => Ok(token),
            Err(NotCommitted::Failed(error)) => Err(error),
            // Random text is never taken.
            Err(NotCommitted::Taken) => Err(self.too_many_credentials(identity.api_key, now).await?),
            // Revoked on another node, which this one has not heard of yet.
            Err(NotCommitted::Stale) => Err(Error::Unauthenticated),
        }
    }

    /// There may be another credential when the first of those that there are ends.
    async fn too_many_credentials(&self, parent: ApiKeyId, now: Timestamp) -> Result<Error, Error> {
        let end = self.store.find_first_credentials_end(parent, now).await;
        let end = end.map_err(|error| self.fault(&error))?.unwrap_or(now);
        let seconds = end.micros().saturating_sub(now.micros()).saturating_add(999_999) / 1_000_000;
        Ok(Error::TooMany { retry_after_seconds: u8::try_from(seconds.clamp(1, 60)).unwrap_or(60) })
    }

    /// Erases credentials that ended a day ago.
    pub async fn forget_ended_credentials(&self) {
        if !self.store.leads() {
            // Another node does.
            return;
        }
        let before = self.clock.now().plus_seconds(-KEPT_SECONDS);
        if let Err(error) = self.store.note_uses(Uses::new().forget_ended_credentials(before)).await {
            tracing::warn!(%error, "ended credentials could not be erased");
        }
    }
}
