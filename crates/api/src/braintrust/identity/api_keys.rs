//! `/v1/api_key`: the API keys of the organisation, whoever they stand for (wire/braintrust.md 7.4).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{ApiKeyView, Error, IssuedApiKey};
use keyholt_types::{ApiKeyId, OrgId, PrincipalId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::key::{Key, is_api_key};
use super::list::{List, Parameters, filter, one_name, org};
use super::new_key::NewKey;
use super::path_id::PathId;
use super::refusals::{self, administrator};
use crate::answer;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::fields::Fields;
use crate::query::UnreadQuery;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

fn refusal(error: Error) -> Refusal {
    refusals::refusal(error, "API key does not exist or you do not have access to it")
}

/// An API key; never its text. All keys are always present.
#[derive(Serialize, ToSchema)]
#[schema(as = BraintrustApiKey)]
struct ApiKey {
    /// Unique identifier for the api key
    #[schema(value_type = String, format = "uuid")]
    id: ApiKeyId,
    /// Date of api key creation
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// Name of the api key
    #[schema(value_type = String)]
    name: Box<str>,
    /// Its first characters
    #[schema(value_type = String)]
    preview_name: Box<str>,
    /// Unique identifier for the user or service account that it stands for
    #[schema(value_type = String, format = "uuid")]
    user_id: PrincipalId,
    /// The user's email
    #[schema(value_type = Option<String>, required)]
    user_email: Option<Box<str>>,
    /// The one name of the user; null when it is no longer a member
    #[schema(value_type = Option<String>, required)]
    user_given_name: Option<Box<str>>,
    /// Always null
    #[schema(required)]
    user_family_name: Option<String>,
    /// Unique identifier for the organization; null when it belongs to several
    #[schema(value_type = Option<String>, format = "uuid", required)]
    org_id: Option<OrgId>,
}

impl From<ApiKeyView> for ApiKey {
    fn from(key: ApiKeyView) -> Self {
        let key = Key::from(key);
        Self {
            id: key.id,
            created: key.created,
            name: key.name,
            preview_name: key.preview_name,
            user_id: key.principal,
            user_email: key.holder.email,
            user_given_name: key.holder.name,
            user_family_name: None,
            org_id: key.org_id,
        }
    }
}

/// List api_keys
///
/// All valid and expired ones of the organization, those of service accounts too, the most recently created first.
/// Who may not read sees its own.
#[utoipa::path(
    get,
    path = "/v1/api_key",
    tag = "ApiKeys",
    operation_id = "getApiKey",
    params(("api_key_name" = Option<String>, Query, description = "Only API keys with this name"), Parameters),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns a list of api_key objects", body = List<ApiKey>), Refusals)
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let query = query.read()?;
    let filter = filter(&query, ApiKeyId::parse, one_name(&query, "api_key_name")?)?;
    let keys = app.engine.list_api_keys(&caller, org(&query)?, &filter, is_api_key).await.map_err(refusal)?;
    Ok(answer::json(&List { objects: keys.into_iter().map(ApiKey::from).collect() }))
}

/// Get api_key
#[utoipa::path(
    get,
    path = "/v1/api_key/{api_key_id}",
    tag = "ApiKeys",
    operation_id = "getApiKeyId",
    params(("api_key_id" = String, Path, format = "uuid", description = "ApiKey id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns the api_key object", body = ApiKey), Refusals)
)]
pub(super) async fn find(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let id = id.parse("api_key_id", ApiKeyId::parse)?;
    let found = app.engine.find_api_key(&caller, id).await.map_err(refusal)?;
    if !is_api_key(&found) {
        return Err(refusal(Error::NotFound));
    }
    Ok(answer::json(&ApiKey::from(found)))
}

/// Describes the body.
#[derive(ToSchema)]
#[schema(as = BraintrustCreateApiKey)]
#[expect(dead_code, reason = "only its description is used")]
struct CreateApiKey {
    /// Name of the api key. Does not have to be unique
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    /// The organization, for API keys that belong to several
    org_name: Option<String>,
}

/// A new API key, with the text that is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = BraintrustNewApiKey)]
struct NewApiKey<'a> {
    #[serde(flatten)]
    api_key: ApiKey,
    /// The raw API key. It will only be exposed this one time
    #[schema(value_type = String)]
    key: &'a str,
}

/// Create api_key
///
/// It stands for the caller and may do what the caller may.
#[utoipa::path(
    post,
    path = "/v1/api_key",
    tag = "ApiKeys",
    operation_id = "postApiKey",
    request_body = Option<CreateApiKey>,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns the new api_key object", body = NewApiKey), Refusals)
)]
pub(super) async fn create(
    State(app): State<AppState>,
    authenticated: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = administrator(authenticated)?;
    let mut fields = Fields::parse_optional(&body.read().await?, &["name", "org_name"])?;
    let new = NewKey::take(&mut fields)?.for_principal(&caller, caller.identity.principal, false);
    let issued = app.engine.create_api_key(&caller, new).await;
    let IssuedApiKey { api_key, token } = issued.map_err(refusal)?;
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: a new API key is shown once, to its maker")]
    let key = token.expose();
    Ok(answer::json(&NewApiKey { api_key: ApiKey::from(api_key), key }))
}

/// Delete api_key
///
/// It is revoked: nothing can be done with it any more.
#[utoipa::path(
    delete,
    path = "/v1/api_key/{api_key_id}",
    tag = "ApiKeys",
    operation_id = "deleteApiKeyId",
    params(("api_key_id" = String, Path, format = "uuid", description = "ApiKey id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns the deleted api_key object", body = ApiKey), Refusals)
)]
pub(super) async fn delete(
    State(app): State<AppState>,
    authenticated: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let caller = administrator(authenticated)?;
    let id = id.parse("api_key_id", ApiKeyId::parse)?;
    let deleted = app.engine.revoke_api_key_if(&caller, id, is_api_key).await.map_err(refusal)?;
    Ok(answer::json(&ApiKey::from(deleted)))
}
