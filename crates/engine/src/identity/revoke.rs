//! Revoking an API key.

use keyholt_store::{ApiKeyRow, Audited, Changes};
use keyholt_types::{Action, ApiKeyId, Caller, OrgId};

use super::api_keys::api_key_view;
use super::sealed::{record_in_each_org, seal_proof};
use crate::authorise::Operation;
use crate::engine::{ATTEMPTS, NotCommitted};
use crate::{ApiKeyView, Engine, Error};

impl Engine {
    /// Revokes an API key; a key may revoke itself. From when this returns no request with it
    /// succeeds on this node. Revoking a revoked key changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such key in an organisation that the caller may administer;
    /// [`Error::LastOne`] when it is the last of an operator or owner.
    pub async fn revoke_api_key(&self, caller: &Caller, id: ApiKeyId) -> Result<ApiKeyView, Error> {
        self.revoke_api_key_if(caller, id, |_| true).await
    }

    /// The same for a key that `is_wanted`, as it is before; there is none other.
    ///
    /// # Errors
    /// As [`revoke_api_key`](Self::revoke_api_key).
    pub async fn revoke_api_key_if(
        &self,
        caller: &Caller,
        id: ApiKeyId,
        is_wanted: impl Fn(&ApiKeyView) -> bool,
    ) -> Result<ApiKeyView, Error> {
        for _ in 0..ATTEMPTS {
            let found = self.store.find_api_key(id).await.map_err(|error| self.fault(&error))?;
            let row = found.filter(|row| may_revoke(caller, row)).ok_or(Error::NotFound)?;
            let holder = self.holder(caller, row.principal).await?;
            let view = api_key_view(caller, holder.clone(), row.clone());
            if !is_wanted(&view) {
                return Err(Error::NotFound);
            }
            if row.revoked_at.is_some() {
                return Ok(view);
            }
            let conditions = self.to_revoke(caller, &row);
            let (row, change) = self.revocation(caller, row)?;
            let change = change.provided(conditions);
            match self.commit_identity(Action::ApiKeyRevoke, change).await {
                Ok(()) => return Ok(api_key_view(caller, holder, row)),
                Err(NotCommitted::Stale | NotCommitted::Taken) => {}
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    /// The change that revokes a key, and the key as it is then.
    pub(super) fn revocation(
        &self,
        caller: &Caller,
        mut row: ApiKeyRow,
    ) -> Result<(ApiKeyRow, Audited), Error> {
        row.revoked_at = Some(self.clock.now().max(row.created_at));
        row.version += 1;
        seal_proof(self, &mut row)?;
        let revoked = Changes::new().revoke_api_key(&row);
        let change = record_in_each_org(self, Some(caller), &row, Action::ApiKeyRevoke, revoked);
        Ok((row, change))
    }
}

pub(super) fn may_revoke(caller: &Caller, row: &ApiKeyRow) -> bool {
    let administers = |org: &OrgId| {
        let grant = caller.identity.grant_in(*org);
        grant.is_some_and(|grant| grant.rights.has(Operation::ManageIdentity.right()))
    };
    caller.identity.api_key == row.id || row.grants.iter().any(|(org, _)| administers(org))
}
