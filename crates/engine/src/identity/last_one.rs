//! Nobody locks everybody out: an installation keeps an operator's API key, an organisation an owner's.
//!
//! An operator can make the first owner's key of an organisation that has none, so that operators are not held to the
//! second rule. Nothing brings an operator's key back, so that who is none leaves one behind that lasts.

use keyholt_store::{ApiKeyRow, Changes, MembershipRow, Standing};
use keyholt_types::{Caller, OrgGrant, OrgId, Role, Via};

use crate::{Engine, Error};

impl Engine {
    /// The conditions under which this key may be revoked.
    pub(super) fn to_revoke(&self, caller: &Caller, key: &ApiKeyRow) -> Changes {
        let keys = if self.is_valid(key) { vec![key] } else { Vec::new() };
        let conditions = self.operator_stays(Changes::new(), caller, &keys);
        key.grants.iter().fold(conditions, |conditions, (org, _)| {
            if is_owner_by_token(caller, *org) {
                return conditions;
            }
            self.owner_stays(conditions, caller, *org, &keys)
        })
    }

    /// The conditions under which a membership may be lowered, suspended or ended.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub(super) async fn to_lower(&self, caller: &Caller, membership: &MembershipRow) -> Result<Changes, Error> {
        let MembershipRow { org, principal, .. } = *membership;
        let keys = self.store.list_api_keys_of(principal).await.map_err(|error| self.fault(&error))?;
        let keys: Vec<&ApiKeyRow> = keys.iter().filter(|key| self.is_valid(key)).collect();
        let conditions = self.operator_stays(Changes::new(), caller, &keys);
        let is_another = caller.identity.principal != principal;
        let was_owner = Role::Owner.rights().is_within(membership.effective());
        if !was_owner || (is_another && is_owner_by_token(caller, org)) {
            return Ok(conditions);
        }
        Ok(self.owner_stays(conditions, caller, org, &keys))
    }

    /// Those of an operator among these keys leave one behind.
    fn operator_stays(&self, conditions: Changes, caller: &Caller, keys: &[&ApiKeyRow]) -> Changes {
        let keys: Vec<&ApiKeyRow> = keys.iter().copied().filter(|key| key.operator).collect();
        if keys.is_empty() {
            return conditions;
        }
        let standing = Standing {
            may_be_narrowed: keys.iter().all(|key| is_narrowed(key)),
            may_end: caller.identity.operator || keys.iter().all(|key| key.expires_at.is_some()),
        };
        conditions.require_operator_key(standing, self.clock.now())
    }

    /// Those of an owner among these keys leave one behind in the organisation.
    fn owner_stays(&self, conditions: Changes, caller: &Caller, org: OrgId, keys: &[&ApiKeyRow]) -> Changes {
        let owns = |key: &&ApiKeyRow| {
            let mut grants = key.grants.iter();
            grants.any(|(own, rights)| *own == org && Role::Owner.rights().is_within(*rights))
        };
        let keys: Vec<&ApiKeyRow> = keys.iter().copied().filter(owns).collect();
        if keys.is_empty() || caller.identity.operator {
            return conditions;
        }
        let standing = Standing { may_be_narrowed: keys.iter().all(|key| is_narrowed(key)), may_end: true };
        conditions.require_owner_key(org, Role::Owner.rights(), standing, self.clock.now())
    }

    /// Whether it stands now and is no credential for a short time: what does not is nobody's loss.
    fn is_valid(&self, key: &ApiKeyRow) -> bool {
        let has_ended = key.expires_at.is_some_and(|end| end <= self.clock.now());
        key.parent.is_none() && key.revoked_at.is_none() && !has_ended
    }
}

/// What a narrowed key makes is narrowed too.
fn is_narrowed(key: &ApiKeyRow) -> bool {
    !key.restrictions.each().is_empty()
}

/// Whether the caller owns the organisation without any API key, as long as the issuer of the token is believed.
fn is_owner_by_token(caller: &Caller, org: OrgId) -> bool {
    let owns = |grant: &OrgGrant| Role::Owner.rights().is_within(grant.rights);
    caller.identity.via == Via::Jwt && caller.identity.grant_in(org).is_some_and(owns)
}
