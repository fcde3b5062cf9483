//! `GET /v1/organization`, and by id: the organisations of the API key (wire/braintrust.md 7.4).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{OrgReach, OrgView};
use keyholt_types::{OrgId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::list::{List, Parameters, filter, one_name};
use super::path_id::PathId;
use super::refusals::refusal;
use crate::answer;
use crate::auth::Authenticated;
use crate::braintrust::api_url::ApiUrl;
use crate::query::UnreadQuery;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

const NOT_FOUND: &str = "Organization does not exist or you do not have access to it";

/// An organisation. All keys are always present.
#[derive(Serialize, ToSchema)]
#[schema(as = BraintrustOrganization)]
struct Organization<'a> {
    /// Unique identifier for the organization
    #[schema(value_type = String, format = "uuid")]
    id: OrgId,
    /// Name of the organization
    #[schema(value_type = String)]
    name: Box<str>,
    /// The base URL of this server
    #[schema(value_type = String)]
    api_url: &'a str,
    /// Always null
    #[schema(required)]
    is_universal_api: Option<bool>,
    /// Always null
    #[schema(required)]
    is_dataplane_private: Option<bool>,
    /// The base URL of the AI proxy
    #[schema(value_type = Option<String>, required)]
    proxy_url: Option<&'a str>,
    /// Always null
    #[schema(value_type = Option<String>, required)]
    realtime_url: Option<&'a str>,
    /// Date of organization creation
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// Always null
    #[schema(value_type = Option<String>, required)]
    image_rendering_mode: Option<&'a str>,
}

impl<'a> Organization<'a> {
    fn new(org: OrgView, api_url: &'a str, proxy_url: Option<&'a str>) -> Self {
        Self {
            id: org.id,
            name: org.name,
            api_url,
            is_universal_api: None,
            is_dataplane_private: None,
            proxy_url,
            realtime_url: None,
            created: org.created_at,
            image_rendering_mode: None,
        }
    }
}

/// List organizations
///
/// Those of the API key, the most recently created first.
#[utoipa::path(
    get,
    path = "/v1/organization",
    tag = "Organizations",
    operation_id = "getOrganization",
    params(Parameters),
    security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "Returns a list of organization objects", body = List<Organization<'static>>),
        Refusals,
    )
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    ApiUrl(api_url): ApiUrl,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let query = query.read()?;
    let filter = filter(&query, OrgId::parse, one_name(&query, "org_name")?)?;
    let orgs = app.engine.list_orgs(&caller, OrgReach::Own, &filter).await;
    let orgs = orgs.map_err(|error| refusal(error, NOT_FOUND))?;
    let proxy_url = app.settings.proxy_url.as_deref();
    let objects = orgs.into_iter().map(|org| Organization::new(org, &api_url, proxy_url)).collect();
    Ok(answer::json(&List { objects }))
}

/// Get organization
#[utoipa::path(
    get,
    path = "/v1/organization/{organization_id}",
    tag = "Organizations",
    operation_id = "getOrganizationId",
    params(("organization_id" = String, Path, format = "uuid", description = "Organization id")),
    security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "Returns the organization object", body = Organization),
        Refusals,
    )
)]
pub(super) async fn find(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    ApiUrl(api_url): ApiUrl,
    id: PathId,
) -> Result<Response, Refusal> {
    let id = id.parse("organization_id", OrgId::parse)?;
    let org = app.engine.find_org(&caller, OrgReach::Own, id).await;
    let org = org.map_err(|error| refusal(error, NOT_FOUND))?;
    Ok(answer::json(&Organization::new(org, &api_url, app.settings.proxy_url.as_deref())))
}
