//! What `api_key` and `service_token` objects have in common: both are API keys of ours.

use keyholt_engine::{ApiKeyView, KeyHolder, PrincipalKind};
use keyholt_types::{ApiKeyId, OrgId, PrincipalId, Timestamp};

/// What of an API key is shown on this wire.
pub(super) struct Key {
    pub(super) id: ApiKeyId,
    pub(super) created: Timestamp,
    pub(super) name: Box<str>,
    /// Its first characters; asterisks for one that was not made here.
    pub(super) preview_name: Box<str>,
    /// Its only organisation, as far as the caller may know; none for several.
    pub(super) org_id: Option<OrgId>,
    pub(super) principal: PrincipalId,
    pub(super) holder: KeyHolder,
}

impl From<ApiKeyView> for Key {
    fn from(key: ApiKeyView) -> Self {
        let preview_name = if key.shown.is_empty() { "********".into() } else { key.shown };
        let org_id = match key.grants.as_slice() {
            [(only, _)] => Some(*only),
            _ => None,
        };
        Self {
            id: key.id,
            created: key.created_at,
            name: key.name,
            preview_name,
            org_id,
            principal: key.principal,
            holder: key.holder,
        }
    }
}

/// Whether a key is there for this wire: it has not been revoked, and is no credential for a short time.
pub(super) fn is_api_key(key: &ApiKeyView) -> bool {
    key.revoked_at.is_none() && key.parent.is_none()
}

/// The same for a service token: an API key that stands for a service account.
pub(super) fn is_service_token(key: &ApiKeyView) -> bool {
    is_api_key(key) && key.holder.kind == PrincipalKind::ServiceAccount
}
