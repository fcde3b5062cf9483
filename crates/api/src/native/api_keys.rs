//! `api-keys`: API keys, issued, listed, looked up and revoked.

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{ApiKeyView, IdentityFilter, IssuedApiKey, OrgChoice};
use keyholt_types::{ApiKeyId, Caller, PrincipalId};

use super::api_key::{ApiKey, NewlyIssued, org_names};
use super::api_key_body::{NewApiKeyBody, new_api_key};
use super::page::{Objects, Page, PathId, named, not_a_uuid, parse_id};
use super::refusals::{Texts, require_admin_or_operator};
use crate::answer;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::query::UnreadQuery;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

const TEXTS: Texts =
    Texts { not_found: "API key not found", name_taken: "an API key with this name already exists" };

/// List API keys of the caller's organisations, newest first; revoked ones too.
///
/// Where the caller has not the right `read`, only those of its own principal.
#[utoipa::path(
    get,
    path = "/api-keys",
    tag = "API keys",
    operation_id = "listApiKeys",
    params(
        ("org" = Option<String>, Query, description = "Only API keys of the organisation of this name"),
        ("name" = Option<String>, Query, description = "Only API keys of exactly this name"),
        (
            "principal" = Option<String>, Query, format = "uuid",
            description = "Only API keys that stand for the user or service account of this id"
        ),
        Page,
    ),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The API keys", body = Objects<ApiKey>), Refusals)
)]
pub(super) async fn list_api_keys(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let query = query.read()?;
    let org = OrgChoice::from_option(query.single("org")?);
    let principal = query.single("principal")?;
    let principal = principal.map(|id| PrincipalId::parse(id).ok_or(not_a_uuid("principal"))).transpose()?;
    let page = Page::read(&query)?.request(ApiKeyId::parse)?;
    let filter = IdentityFilter { names: named(&query)?, ..page.into() };
    let is_wanted = |key: &ApiKeyView| principal.is_none_or(|id| id == key.principal);
    let keys = app.engine.list_api_keys(&caller, org, &filter, is_wanted).await;
    let keys = keys.map_err(|error| TEXTS.refusal(error))?;
    let names = org_names(&app, &caller, &keys).await.map_err(|error| TEXTS.refusal(error))?;
    Ok(answer::json(&Objects { objects: keys.into_iter().map(|key| ApiKey::new(key, &names)).collect() }))
}

/// Issue an API key, for a user or service account or with a service account of its own.
///
/// Nobody gives more rights than they have, nor more than the principal has. What narrows the key that it is made
/// with, and that key's end, hold for it too. An operator may also issue the first owner key of an organisation
/// that has none.
#[utoipa::path(
    post,
    path = "/api-keys",
    tag = "API keys",
    operation_id = "createApiKey",
    request_body = NewApiKeyBody,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The API key", body = NewlyIssued), Refusals)
)]
pub(super) async fn create_api_key(
    State(app): State<AppState>,
    caller: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = require_admin_or_operator(caller)?;
    let new = new_api_key(&body.read().await?)?;
    let issued = app.engine.create_api_key(&caller, new).await;
    let IssuedApiKey { api_key, token } = issued.map_err(|error| TEXTS.refusal(error))?;
    // The API key is issued: whatever happens now, its text must get to the caller.
    let api_key = with_names(&app, &caller, api_key).await;
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: a new API key is shown once, to its maker")]
    let key = token.expose();
    Ok(answer::json(&NewlyIssued { api_key, key }))
}

/// Look an API key up, also a revoked one; never its text.
#[utoipa::path(
    get,
    path = "/api-keys/{id}",
    tag = "API keys",
    operation_id = "findApiKey",
    params(("id" = String, Path, format = "uuid", description = "The API key's id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The API key", body = ApiKey), Refusals)
)]
pub(super) async fn find_api_key(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let found = app.engine.find_api_key(&caller, parse_id(id, ApiKeyId::parse)?).await;
    let found = found.map_err(|error| TEXTS.refusal(error))?;
    Ok(answer::json(&with_names(&app, &caller, found).await))
}

/// Revoke an API key. A key may always revoke itself; revoking it again changes nothing.
#[utoipa::path(
    delete,
    path = "/api-keys/{id}",
    tag = "API keys",
    operation_id = "revokeApiKey",
    params(("id" = String, Path, format = "uuid", description = "The API key's id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The revoked API key", body = ApiKey), Refusals)
)]
pub(super) async fn revoke_api_key(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let revoked = app.engine.revoke_api_key(&caller, parse_id(id, ApiKeyId::parse)?).await;
    let revoked = revoked.map_err(|error| TEXTS.refusal(error))?;
    Ok(answer::json(&with_names(&app, &caller, revoked).await))
}

/// One key with the names of its organisations. That these could not be had is no reason to withhold the rest.
async fn with_names(app: &AppState, caller: &Caller, key: ApiKeyView) -> ApiKey {
    let names = org_names(app, caller, std::slice::from_ref(&key)).await.unwrap_or_default();
    ApiKey::new(key, &names)
}
