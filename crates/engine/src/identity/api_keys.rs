//! API keys: listed and looked up.

use keyholt_store::ApiKeyRow;
use keyholt_types::{ApiKeyId, Caller, OrgId};

use super::holders::Holders;
use super::page::{BATCH, Gathering};
use crate::authorise::{Operation, sees_others};
use crate::{ApiKeyView, Engine, Error, IdentityFilter, KeyHolder, OrgChoice};

impl Engine {
    /// Lists API keys of the caller's organisations, newest first, revoked ones too: all of those where the
    /// caller may read, else those of the caller's own principal. Only those that `is_wanted` are counted.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn list_api_keys(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        filter: &IdentityFilter<ApiKeyId>,
        is_wanted: impl Fn(&ApiKeyView) -> bool,
    ) -> Result<Vec<ApiKeyView>, Error> {
        let mut lists = Vec::new();
        let mut holders = Holders::default();
        for (scope, reads_all) in self.own_orgs(caller, org) {
            let is_visible = |view: &ApiKeyView| {
                filter.has_name(&view.name)
                    && (reads_all || view.principal == caller.identity.principal)
                    && is_wanted(view)
            };
            let mut list = Gathering::of(filter);
            while let Some(range) = list.next() {
                let rows = self.store.list_api_keys(scope, range, BATCH).await;
                let rows = rows.map_err(|error| self.fault(&error))?;
                self.gather_holders(&mut holders, caller, scope, &rows).await?;
                let view = |row: ApiKeyRow| Ok(api_key_view(caller, holders.find(row.principal)?, row));
                let views = rows.into_iter().map(view).collect::<Result<_, Error>>()?;
                list.take(views, |view| view.id, is_visible);
            }
            lists.push(list);
        }
        let mut views = Gathering::join(lists, filter, |view: &ApiKeyView| view.id);
        for view in &mut views {
            // A later organisation may have told more.
            view.holder = holders.find(view.principal)?;
        }
        Ok(views)
    }

    /// An API key that the caller may see, revoked ones too.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, whatever the reason.
    pub async fn find_api_key(&self, caller: &Caller, id: ApiKeyId) -> Result<ApiKeyView, Error> {
        let found = self.store.find_api_key(id).await.map_err(|error| self.fault(&error))?;
        let reads = |org: &OrgId| {
            let grant = caller.identity.grant_in(*org);
            grant.is_some_and(|grant| grant.rights.has(Operation::ReadIdentity.right()))
        };
        // One's own, as far as they are of an organisation of the caller's: those of others are seen from there.
        let is_known = |org: &OrgId| caller.identity.grant_in(*org).is_some();
        let is_visible = |row: &ApiKeyRow| {
            let is_own = row.principal == caller.identity.principal;
            row.grants.iter().any(|(org, _)| reads(org) || (is_own && is_known(org)))
        };
        let row = found.filter(is_visible).ok_or(Error::NotFound)?;
        Ok(api_key_view(caller, self.holder(caller, row.principal).await?, row))
    }
}

/// What a caller may see of a key: of its organisations those that are the caller's too, where the key is the caller's
/// own or the caller sees others'; and to operators all.
pub(super) fn api_key_view(caller: &Caller, holder: KeyHolder, row: ApiKeyRow) -> ApiKeyView {
    let is_own = row.principal == caller.identity.principal;
    let is_known = |org: OrgId| {
        caller.identity.operator
            || sees_others(caller, org)
            || (is_own && caller.identity.grant_in(org).is_some())
    };
    ApiKeyView {
        id: row.id,
        name: row.name,
        shown: row.shown,
        principal: row.principal,
        holder,
        project: is_known(row.project_org).then_some(row.project),
        grants: row.grants.into_iter().filter(|(org, _)| is_known(*org)).collect(),
        operator: row.operator,
        restrictions: row.restrictions,
        parent: row.parent,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
        last_used_at: row.last_used_at,
    }
}
