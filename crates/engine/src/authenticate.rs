//! From a credential to a caller.

use std::sync::Arc;

use keyholt_crypto::{CredentialMac, JwtHead};
use keyholt_store::{ApiKeyRow, NearApiKey};
use keyholt_types::{
    ApiKeyId, Caller, Credential, Identity, OrgGrant, ProjectRef, RequestContext, Rights, Temporary, Via,
};

use crate::authorise::server_scope;
use crate::identities::Known;
use crate::identity::proof_bytes;
use crate::limits::RetryAfter;
use crate::refused::RefusedKey;
use crate::{Engine, Error};

/// The one credential of a request: exactly one `Authorization` header of the scheme `Bearer` (in any
/// case), everything after the first space, trimmed. No form of it is demanded
/// (wire/braintrust.md 5.1, wire/together.md 5).
pub fn credential_from_headers<'a>(mut headers: impl Iterator<Item = &'a [u8]>) -> Option<Credential> {
    let (Some(header), None) = (headers.next(), headers.next()) else { return None };
    let (scheme, token) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| Credential::new(token.to_owned()))
}

/// The one credential of a request to the gateway: one `Authorization` header as above, or one header in which the
/// SDKs of Anthropic (`x-api-key`) and Google (`x-goog-api-key`) send theirs. Two credentials are none, whatever they
/// are (design/decisions.md 7).
pub fn credential_from_gateway_headers<'a>(
    mut authorization: impl Iterator<Item = &'a [u8]>,
    mut api_keys: impl Iterator<Item = &'a [u8]>,
) -> Option<Credential> {
    match (authorization.next(), api_keys.next(), api_keys.next()) {
        (Some(first), None, None) => credential_from_headers([first].into_iter().chain(authorization)),
        (None, Some(only), None) => {
            let key = std::str::from_utf8(only).ok()?.trim();
            (!key.is_empty()).then(|| Credential::new(key.to_owned()))
        }
        (None | Some(_), None | Some(_), None | Some(_)) => None,
    }
}

/// What became of a credential.
enum Shown {
    /// It is valid.
    Valid(Arc<Known>),
    /// It is not. It is this API key's all the same, when that one is expired, revoked, or shown from where it
    /// may not be used; else the key is just one that was looked at.
    Refused { key: Option<RefusedKey>, is_its: bool, limit: Limit },
}

impl Shown {
    /// Refused without a look at what it is.
    const fn refused_unseen(limit: Limit) -> Self {
        Self::Refused { key: None, is_its: false, limit }
    }
}

/// Whether a refused credential has been counted against the limit of its address.
enum Limit {
    /// Not yet.
    Open,
    /// It has, and is within it.
    Within,
    /// It has, and is beyond it.
    Beyond(RetryAfter),
}

/// An API key whose row is as it was written.
struct Judged {
    /// Whom it stands for.
    identity: Identity,
    /// Whether it is not revoked, and something is left of its rights.
    is_valid: bool,
}

impl Engine {
    /// Who presents this credential.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is unknown, expired, revoked, or comes from where it may not be used:
    /// nobody is told which. [`Error::TooMany`] in its place when too many came from there that were refused, and
    /// when a valid one comes too often.
    pub async fn authenticate(
        &self,
        credential: &Credential,
        request: RequestContext,
    ) -> Result<Caller, Error> {
        match self.identify(credential, request).await? {
            Shown::Valid(known) => {
                known.used(self.clock.now()).map_err(too_many)?;
                for grant in &known.identity.orgs {
                    self.limits.check_org(grant.org).map_err(too_many)?;
                }
                Ok(Caller { identity: Arc::clone(&known.identity), request })
            }
            Shown::Refused { key, is_its, limit } => {
                self.count_refused_credential(request, key, is_its);
                Err(self.refuse(request, limit))
            }
        }
    }

    /// What a request is told whose credential is refused, or which has none.
    pub fn refuse_unauthenticated(&self, request: RequestContext) -> Error {
        self.refuse(request, Limit::Open)
    }

    fn refuse(&self, request: RequestContext, limit: Limit) -> Error {
        self.metrics.refused_credentials.inc();
        let checked = match limit {
            Limit::Open => self.limits.check_refused(request.address),
            Limit::Within => Ok(()),
            Limit::Beyond(retry_after) => Err(retry_after),
        };
        checked.map_or_else(too_many, |()| Error::Unauthenticated)
    }

    /// Whether any of these MACs is that of an API key which stands.
    async fn any_stands(&self, macs: &[CredentialMac]) -> Result<bool, Error> {
        let mut any = false;
        for mac in macs {
            let stands = self.store.has_standing_api_key(&mac.mac, self.clock.now()).await;
            any |= stands.map_err(|error| self.fault(&error))?;
        }
        Ok(any)
    }

    async fn identify(&self, credential: &Credential, request: RequestContext) -> Result<Shown, Error> {
        let macs = self.keyring.credential_macs(credential);
        let Some(newest) = macs.first() else { return Ok(Shown::refused_unseen(Limit::Open)) };
        let view = self.store.view();
        if let Some(known) = self.identities.find_admitted(&newest.mac, view, request.address, self.clock.now())
        {
            return Ok(Shown::Valid(known));
        }
        // Seen before the database is read: a change that is committed meanwhile ends this epoch.
        let epoch = self.identities.epoch(view);
        // Read of what is an API key too, which it does not count for.
        let head = JwtHead::of(credential).filter(|head| self.jwt_issuers.has(&head.issuer));
        let mut limit = Limit::Open;
        if !self.any_stands(&macs).await? && head.is_none() {
            // It will be refused. Beyond the limit of its address with as little work as can be, so that a flood holds
            // up nobody; within it with as much as for others, so that time tells nothing.
            limit = match self.limits.check_refused(request.address) {
                Ok(()) => Limit::Within,
                Err(retry_after) => return Ok(Shown::refused_unseen(Limit::Beyond(retry_after))),
            };
        }
        let (row, is_its) = self.find_api_key_near(&macs).await?;
        let judged = match &row {
            Some(row) => self.judge(row, is_its).await.or_else(|error| unless(is_its, error))?,
            None => None,
        };
        let admitted = |identity: &Identity| identity.admits(request.address, self.clock.now());
        // Asked of what is revoked and of any other key too, whose answers do not count.
        let its = judged.filter(|Judged { identity, is_valid }| admitted(identity) & *is_valid & is_its);
        let identity = match head.filter(|_| !is_its) {
            Some(head) => self.jwt_identity(&head, credential, request).await?.filter(admitted),
            None => its.map(|judged| judged.identity),
        };
        if let Some(identity) = identity {
            let pace = || self.limits.pace();
            return Ok(Shown::Valid(self.identities.keep(newest.mac, epoch, Arc::new(identity), pace)));
        }
        let key = row.map(|row| RefusedKey {
            api_key: row.id,
            name: row.name,
            principal: row.principal,
            org: row.project_org,
        });
        Ok(Shown::Refused { key, is_its, limit })
    }

    /// The API key of a credential, with true; where it is none's, any other key, with false. The same work is done
    /// for all, and after this with what was found: time must not tell an unknown credential from one that is
    /// expired, revoked or shown from elsewhere. Nor does it tell anything of a MAC that it is compared with others,
    /// since nobody without the ring key can choose one.
    async fn find_api_key_near(&self, macs: &[CredentialMac]) -> Result<(Option<ApiKeyRow>, bool), Error> {
        let (mut its, mut any_other) = (None, None);
        for mac in macs {
            let near = self.store.find_api_key_near(&mac.mac).await.map_err(|error| self.fault(&error))?;
            let Some(NearApiKey { id, is_its }) = near else { continue };
            let row = self.store.find_api_key(id).await.map_err(|error| self.fault(&error));
            let row = row.or_else(|error| unless(is_its, error))?;
            let place = if is_its { &mut its } else { &mut any_other };
            *place = row;
        }
        let is_its = its.is_some();
        Ok((its.or(any_other), is_its))
    }

    /// Whom a key stands for, and what it may do: its own rights as far as its principal's memberships have
    /// them. None when its row was tampered with. Every key takes the same work, as far as it has as many
    /// organisations and restrictions; only what is wrong with one that was meant is logged.
    async fn judge(&self, row: &ApiKeyRow, is_meant: bool) -> Result<Option<Judged>, Error> {
        let is_proven = self.keyring.verify_api_key_proof(row.ring_generation, &proof_bytes(row), &row.proof);
        let memberships =
            self.store.list_memberships(row.principal).await.map_err(|error| self.fault(&error))?;
        let mut orgs = Vec::with_capacity(row.grants.len());
        for (org, rights) in &row.grants {
            let membership = memberships.iter().find(|membership| membership.org == *org);
            let rights = rights.both(membership.map_or(Rights::NONE, |membership| membership.effective()));
            let found = self.store.find_org(*org).await.map_err(|error| self.fault(&error))?;
            if let Some(found) = found.filter(|_| rights != Rights::NONE) {
                orgs.push(OrgGrant { org: *org, org_name: found.name, rights });
            }
        }
        let scope = server_scope(row.project_org);
        let project = self.store.find_project(scope, row.project).await.map_err(|error| self.fault(&error))?;
        let has_parent = match row.parent {
            Some(parent) => self.is_valid_key(parent).await?,
            None => true,
        };
        if !is_proven {
            if is_meant {
                tracing::error!(api_key = %row.id, "an API key's row is damaged or was tampered with");
            }
            return Ok(None);
        }
        let Some(project) = project else { return Ok(None) };
        let is_valid = row.revoked_at.is_none() && has_parent && !orgs.is_empty();
        let identity = Identity {
            via: Via::ApiKey,
            api_key: row.id,
            api_key_name: row.name.clone(),
            principal: row.principal,
            operator: row.operator,
            orgs,
            project: ProjectRef { org: project.org, id: project.id, name: project.name },
            expires_at: row.expires_at,
            restrictions: row.restrictions.clone(),
            temporary: row.parent.map(|parent| Temporary { parent, model: row.model.clone() }),
        };
        Ok(Some(Judged { identity, is_valid }))
    }

    /// Whether the API key of this id is as it was written, not revoked and not expired.
    async fn is_valid_key(&self, id: ApiKeyId) -> Result<bool, Error> {
        let row = self.store.find_api_key(id).await.map_err(|error| self.fault(&error))?;
        let is_valid = |row: &ApiKeyRow| {
            row.revoked_at.is_none()
                && row.expires_at.is_none_or(|end| self.clock.now() < end)
                && self.keyring.verify_api_key_proof(row.ring_generation, &proof_bytes(row), &row.proof)
        };
        Ok(row.is_some_and(|row| is_valid(&row)))
    }
}

/// A row that is damaged is no reason to fail where it is looked at only because that takes time.
fn unless<T>(is_its: bool, error: Error) -> Result<Option<T>, Error> {
    if error == Error::Internal && !is_its { Ok(None) } else { Err(error) }
}

fn too_many(RetryAfter(seconds): RetryAfter) -> Error {
    Error::TooMany { retry_after_seconds: seconds }
}
#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[&str]) -> Option<String> {
        let credential = credential_from_headers(headers.iter().map(|header| header.as_bytes()))?;
        #[expect(clippy::disallowed_methods, reason = "EXPOSE: the test compares what was read")]
        Some(credential.expose().to_owned())
    }

    #[test]
    fn exactly_one_bearer_header_is_a_credential() {
        assert_eq!(read(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(read(&["bearer   My API Key "]).as_deref(), Some("My API Key"));
        assert_eq!(read(&["BEARER x"]).as_deref(), Some("x"));
        for none in [&[][..], &["Bearer"], &["Bearer "], &["Basic abc"], &["abc"], &["Bearer a", "Bearer a"]] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }
}
