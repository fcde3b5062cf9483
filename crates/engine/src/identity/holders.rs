//! Whom API keys stand for.

use std::collections::HashMap;

use keyholt_store::{ApiKeyRow, OrgScope, PrincipalRow};
use keyholt_types::{Caller, PrincipalId};

use crate::authorise::sees_others;
use crate::{Engine, Error, KeyHolder};

/// The holders of the API keys of a list.
#[derive(Default)]
pub(super) struct Holders(HashMap<PrincipalId, KeyHolder>);

impl Holders {
    /// The holder of a key whose batch was read.
    pub(super) fn find(&self, principal: PrincipalId) -> Result<KeyHolder, Error> {
        self.0.get(&principal).cloned().ok_or(Error::Internal)
    }

    /// Who is a member of one organisation of the caller's is shown with the keys of another one too.
    fn add(&mut self, principal: PrincipalRow, is_shown: bool) {
        let id = principal.id;
        let known = self.0.entry(id).or_insert_with(|| KeyHolder::of(&principal, false));
        if is_shown {
            *known = KeyHolder::of(&principal, true);
        }
    }
}

impl KeyHolder {
    /// A key's holder; more than its kind only if it is shown.
    pub(super) fn of(principal: &PrincipalRow, is_shown: bool) -> Self {
        Self {
            kind: principal.kind,
            name: is_shown.then(|| principal.name.clone()),
            email: principal.email.clone().filter(|_| is_shown),
        }
    }
}

impl Engine {
    /// Reads the holders of a batch of an organisation's keys, which are in the order of their ids.
    pub(super) async fn gather_holders(
        &self,
        holders: &mut Holders,
        caller: &Caller,
        scope: OrgScope,
        keys: &[ApiKeyRow],
    ) -> Result<(), Error> {
        let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Ok(()) };
        let (oldest, newest) = (first.id.min(last.id), first.id.max(last.id));
        let sees_members = sees_others(caller, scope.org());
        let principals = self.store.list_principals_of_api_keys(scope, oldest, newest).await;
        for (principal, is_member) in principals.map_err(|error| self.fault(&error))? {
            let is_shown = (is_member && sees_members) || principal.id == caller.identity.principal;
            holders.add(principal, is_shown);
        }
        Ok(())
    }

    /// The holder of one key.
    pub(super) async fn holder(&self, caller: &Caller, id: PrincipalId) -> Result<KeyHolder, Error> {
        let principal = self.store.find_principal(id).await.map_err(|error| self.fault(&error))?;
        let memberships = self.store.list_memberships(id).await.map_err(|error| self.fault(&error))?;
        let is_shown = id == caller.identity.principal
            || memberships.iter().any(|membership| sees_others(caller, membership.org));
        // A key's principal is never deleted.
        Ok(KeyHolder::of(&principal.ok_or(Error::Internal)?, is_shown))
    }
}
