//! An API key as the native API shows it.

use keyholt_engine::{ApiKeyView, Error};
use keyholt_types::{ApiKeyId, Caller, OrgId, PrincipalId, ProjectId, Rights, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::restriction::{ShownRestriction, shown};
use super::whoami::OrgRights;
use crate::state::AppState;

/// An API key; never its text.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiKey {
    #[schema(value_type = String, format = "uuid")]
    id: ApiKeyId,
    #[schema(value_type = String)]
    name: Box<str>,
    /// Its first characters, to tell keys apart; empty for keys that were not made here.
    #[schema(value_type = String)]
    shown: Box<str>,
    /// The user or service account behind it.
    #[schema(value_type = String, format = "uuid")]
    principal_id: PrincipalId,
    /// The organisations that it belongs to, as far as the caller may know of them. What it may do there is what
    /// both it and its principal may.
    orgs: Vec<OrgRights>,
    /// The project whose secrets it sees under `/v1/deployments/secrets`; null when the caller may not know of it.
    #[schema(value_type = Option<String>, format = "uuid", required)]
    project_id: Option<ProjectId>,
    /// Whether it bears the operator's mark, which gives no right inside an organisation.
    operator: bool,
    /// What narrows it; all of these must be met.
    restrictions: Vec<ShownRestriction>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ceases to be valid.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, up to a few seconds ago.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// A key with the names of its organisations, as far as they are known.
    pub(super) fn new(key: ApiKeyView, names: &[(OrgId, Box<str>)]) -> Self {
        let name = |id| names.iter().find(|(org, _)| *org == id).map(|(_, name)| name.clone());
        let org = |(id, rights): (OrgId, Rights)| OrgRights { id, name: name(id), rights: rights.words() };
        Self {
            id: key.id,
            name: key.name,
            shown: key.shown,
            principal_id: key.principal,
            orgs: key.grants.into_iter().map(org).collect(),
            project_id: key.project,
            operator: key.operator,
            restrictions: shown(&key.restrictions),
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
        }
    }
}

/// The names of all organisations of these keys, as far as the caller may know them.
///
/// # Errors
/// When the storage is unavailable.
pub(super) async fn org_names(
    app: &AppState,
    caller: &Caller,
    keys: &[ApiKeyView],
) -> Result<Vec<(OrgId, Box<str>)>, Error> {
    let mut orgs: Vec<OrgId> = keys.iter().flat_map(|key| &key.grants).map(|(org, _)| *org).collect();
    orgs.sort_unstable();
    orgs.dedup();
    app.engine.org_names(caller, &orgs).await
}

/// A new API key, with the text that is shown this once.
#[derive(Serialize, ToSchema)]
pub(super) struct NewlyIssued<'a> {
    #[serde(flatten)]
    pub(super) api_key: ApiKey,
    /// The API key itself. It is kept nowhere and cannot be shown again.
    #[schema(value_type = String)]
    pub(super) key: &'a str,
}
