//! `/v1/service_token`: the API keys of the organisation that stand for service accounts (wire/braintrust.md 7.4).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{ApiKeyView, Error, IssuedApiKey, OrgChoice};
use keyholt_types::{ApiKeyId, Caller, OrgId, PrincipalId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::key::{Key, is_service_token};
use super::list::{List, Parameters, filter, one_name, org};
use super::new_key::{NewKey, take_id};
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
    refusals::refusal(error, "Service token does not exist or you do not have access to it")
}

/// A service token; never its text. All keys are always present.
#[derive(Serialize, ToSchema)]
#[schema(as = BraintrustServiceToken)]
struct ServiceToken {
    /// Unique identifier for the service token
    #[schema(value_type = String, format = "uuid")]
    id: ApiKeyId,
    /// Date of service token creation
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// Name of the service token
    #[schema(value_type = String)]
    name: Box<str>,
    /// Its first characters
    #[schema(value_type = String)]
    preview_name: Box<str>,
    /// Unique identifier for the service account that it stands for
    #[schema(value_type = String, format = "uuid")]
    service_account_id: PrincipalId,
    /// The service account's email
    #[schema(value_type = Option<String>, required)]
    service_account_email: Option<Box<str>>,
    /// The service account's name; null when it is no longer a member
    #[schema(value_type = Option<String>, required)]
    service_account_name: Option<Box<str>>,
    /// Unique identifier for the organization; null when it belongs to several
    #[schema(value_type = Option<String>, format = "uuid", required)]
    org_id: Option<OrgId>,
}

impl From<ApiKeyView> for ServiceToken {
    fn from(key: ApiKeyView) -> Self {
        let key = Key::from(key);
        Self {
            id: key.id,
            created: key.created,
            name: key.name,
            preview_name: key.preview_name,
            service_account_id: key.principal,
            service_account_email: key.holder.email,
            service_account_name: key.holder.name,
            org_id: key.org_id,
        }
    }
}

/// List service_tokens
///
/// All valid and expired ones of the organization, the most recently created first. Who may not read sees its own.
#[utoipa::path(
    get,
    path = "/v1/service_token",
    tag = "ServiceTokens",
    operation_id = "getServiceToken",
    params(
        ("service_token_name" = Option<String>, Query, description = "Only service tokens with this name"),
        Parameters,
    ),
    security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "Returns a list of service_token objects", body = List<ServiceToken>),
        Refusals,
    )
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let query = query.read()?;
    let filter = filter(&query, ApiKeyId::parse, one_name(&query, "service_token_name")?)?;
    let tokens = app.engine.list_api_keys(&caller, org(&query)?, &filter, is_service_token).await;
    let objects = tokens.map_err(refusal)?.into_iter().map(ServiceToken::from).collect();
    Ok(answer::json(&List { objects }))
}

/// Get service_token
#[utoipa::path(
    get,
    path = "/v1/service_token/{service_token_id}",
    tag = "ServiceTokens",
    operation_id = "getServiceTokenId",
    params(("service_token_id" = String, Path, format = "uuid", description = "ServiceToken id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns the service_token object", body = ServiceToken), Refusals)
)]
pub(super) async fn find(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let id = id.parse("service_token_id", ApiKeyId::parse)?;
    let found = app.engine.find_api_key(&caller, id).await.map_err(refusal)?;
    if !is_service_token(&found) {
        return Err(refusal(Error::NotFound));
    }
    Ok(answer::json(&ServiceToken::from(found)))
}

/// Describes the body of POST and PUT.
#[derive(ToSchema)]
#[schema(as = BraintrustCreateServiceToken)]
#[expect(dead_code, reason = "only its description is used")]
struct CreateServiceToken {
    /// Name of the service token. Does not have to be unique
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    /// The service account to which the token should belong, a member of the organization
    #[schema(format = "uuid")]
    service_account_id: String,
    /// The organization, for API keys that belong to several
    org_name: Option<String>,
}

/// A new service token, with the text that is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = BraintrustNewServiceToken)]
struct NewServiceToken<'a> {
    #[serde(flatten)]
    service_token: ServiceToken,
    /// The raw service token. It will only be exposed this one time
    #[schema(value_type = String)]
    key: &'a str,
}

/// Create service_token
///
/// It stands for the service account and may do what both the service account and the caller may.
#[utoipa::path(
    post,
    path = "/v1/service_token",
    tag = "ServiceTokens",
    operation_id = "postServiceToken",
    request_body = Option<CreateServiceToken>,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns the new service_token object", body = NewServiceToken), Refusals)
)]
pub(super) async fn create(
    State(app): State<AppState>,
    authenticated: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    issue(&app, &administrator(authenticated)?, body, false).await
}

/// Create or replace service_token
///
/// As POST; the service account's tokens of the same name are revoked.
#[utoipa::path(
    put,
    path = "/v1/service_token",
    tag = "ServiceTokens",
    operation_id = "putServiceToken",
    request_body = Option<CreateServiceToken>,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns the new service_token object", body = NewServiceToken), Refusals)
)]
pub(super) async fn replace(
    State(app): State<AppState>,
    authenticated: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    issue(&app, &administrator(authenticated)?, body, true).await
}

async fn issue(
    app: &AppState,
    caller: &Caller,
    body: UnreadBody,
    replaces_namesakes: bool,
) -> Result<Response, Refusal> {
    let documented = &["name", "service_account_id", "org_name"];
    let mut fields = Fields::parse_optional(&body.read().await?, documented)?;
    let new = NewKey::take(&mut fields)?;
    let account = take_id(&mut fields, "service_account_id", PrincipalId::parse)?;
    let org = OrgChoice::from_option(new.org_name.as_deref());
    app.engine.require_service_account(caller, org, account).await.map_err(refusal)?;
    let new = new.for_principal(caller, account, replaces_namesakes);
    let IssuedApiKey { api_key, token } = app.engine.create_api_key(caller, new).await.map_err(refusal)?;
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: a new API key is shown once, to its maker")]
    let key = token.expose();
    Ok(answer::json(&NewServiceToken { service_token: ServiceToken::from(api_key), key }))
}

/// Describes the body of DELETE.
#[derive(ToSchema)]
#[schema(as = BraintrustDeleteServiceToken)]
#[expect(dead_code, reason = "only its description is used")]
struct DeleteServiceToken {
    /// Unique identifier for the service token
    #[schema(format = "uuid")]
    id: String,
}

/// Delete single service_token
///
/// It is revoked: nothing can be done with it any more.
#[utoipa::path(
    delete,
    path = "/v1/service_token",
    tag = "ServiceTokens",
    operation_id = "deleteServiceToken",
    request_body = Option<DeleteServiceToken>,
    security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "Returns the deleted service_token object", body = ServiceToken),
        Refusals,
    )
)]
pub(super) async fn delete(
    State(app): State<AppState>,
    authenticated: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = administrator(authenticated)?;
    let mut fields = Fields::parse_optional(&body.read().await?, &["id"])?;
    revoke(&app, &caller, take_id(&mut fields, "id", ApiKeyId::parse)?).await
}

/// Delete service_token
///
/// It is revoked: nothing can be done with it any more.
#[utoipa::path(
    delete,
    path = "/v1/service_token/{service_token_id}",
    tag = "ServiceTokens",
    operation_id = "deleteServiceTokenId",
    params(("service_token_id" = String, Path, format = "uuid", description = "ServiceToken id")),
    security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "Returns the deleted service_token object", body = ServiceToken),
        Refusals,
    )
)]
pub(super) async fn delete_by_id(
    State(app): State<AppState>,
    authenticated: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let caller = administrator(authenticated)?;
    revoke(&app, &caller, id.parse("service_token_id", ApiKeyId::parse)?).await
}

async fn revoke(app: &AppState, caller: &Caller, id: ApiKeyId) -> Result<Response, Refusal> {
    let deleted = app.engine.revoke_api_key_if(caller, id, is_service_token).await.map_err(refusal)?;
    Ok(answer::json(&ServiceToken::from(deleted)))
}
