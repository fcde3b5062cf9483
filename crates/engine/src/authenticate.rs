//! From a credential to a caller.

use std::sync::Arc;

use keyholt_store::ApiKeyRow;
use keyholt_types::{Caller, Credential, Identity, OrgGrant, ProjectRef, RequestContext};

use crate::authorise::server_scope;
use crate::identity::proof_bytes;
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

impl Engine {
    /// Who presents this credential.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is unknown, expired or revoked.
    pub async fn authenticate(
        &self,
        credential: &Credential,
        request: RequestContext,
    ) -> Result<Caller, Error> {
        let identity = self.identify(credential).await?;
        let identity = identity.filter(|identity| identity.expires_at.is_none_or(|end| self.clock.now() < end));
        match identity {
            Some(identity) => Ok(Caller { identity, request }),
            None => {
                self.metrics.refused_credentials.inc();
                Err(Error::Unauthenticated)
            }
        }
    }

    async fn identify(&self, credential: &Credential) -> Result<Option<Arc<Identity>>, Error> {
        let macs = self.keyring.credential_macs(credential);
        let Some(newest) = macs.first() else { return Ok(None) };
        if let Some(identity) = self.identities.find(&newest.mac) {
            return Ok(Some(identity));
        }
        // Read before the database is: a change that is committed meanwhile ends this epoch.
        let epoch = self.identities.epoch();
        for mac in &macs {
            let row = self.store.find_api_key_by_mac(&mac.mac).await.map_err(|error| self.fault(&error))?;
            let Some(row) = row else { continue };
            let identity = self.identity_of(row).await?.map(Arc::new);
            if let Some(identity) = &identity {
                self.identities.keep(newest.mac, epoch, identity);
            }
            return Ok(identity);
        }
        Ok(None)
    }

    async fn identity_of(&self, row: ApiKeyRow) -> Result<Option<Identity>, Error> {
        if !self.keyring.verify_api_key_proof(row.ring_generation, &proof_bytes(&row), &row.proof) {
            tracing::error!(api_key = %row.id, "an API key's row is damaged or was tampered with");
            return Ok(None);
        }
        if row.revoked_at.is_some() {
            return Ok(None);
        }
        let mut orgs = Vec::with_capacity(row.grants.len());
        for (org, rights) in &row.grants {
            if let Some(found) = self.store.find_org(*org).await.map_err(|error| self.fault(&error))? {
                orgs.push(OrgGrant { org: *org, org_name: found.name, rights: *rights });
            }
        }
        let scope = server_scope(row.project_org);
        let project = self.store.find_project(scope, row.project).await.map_err(|error| self.fault(&error))?;
        let Some(project) = project.filter(|_| !orgs.is_empty()) else { return Ok(None) };
        Ok(Some(Identity {
            api_key: row.id,
            api_key_name: row.name,
            principal: row.principal,
            operator: row.operator,
            orgs,
            project: ProjectRef { org: project.org, id: project.id, name: project.name },
            expires_at: row.expires_at,
        }))
    }
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
