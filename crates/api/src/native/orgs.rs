//! `orgs`: organisations.

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{IdentityFilter, OrgReach, OrgView};
use keyholt_types::{OrgId, OrgName, ProjectId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::page::{Objects, Page, PathId, named, parse_id};
use super::refusals::{Texts, require_admin_or_operator, require_operator};
use crate::answer;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::fields::{Fields, required};
use crate::query::UnreadQuery;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

const TEXTS: Texts =
    Texts { not_found: "Organisation not found", name_taken: "an organisation with this name already exists" };

/// An organisation.
#[derive(Serialize, ToSchema)]
struct Org {
    #[schema(value_type = String, format = "uuid")]
    id: OrgId,
    #[schema(value_type = String)]
    name: Box<str>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Its first project, `default`; only when it has just been made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid", required = false)]
    project_id: Option<ProjectId>,
}

impl From<OrgView> for Org {
    fn from(org: OrgView) -> Self {
        Self { id: org.id, name: org.name, created_at: org.created_at, project_id: org.project }
    }
}

/// List organisations, newest first: to an operator all, to others their own.
#[utoipa::path(
    get,
    path = "/orgs",
    tag = "Organisations",
    operation_id = "listOrgs",
    params(("name" = Option<String>, Query, description = "Only the organisation of exactly this name"), Page),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The organisations", body = Objects<Org>), Refusals)
)]
pub(super) async fn list_orgs(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let query = query.read()?;
    let page = Page::read(&query)?.request(OrgId::parse)?;
    let filter = IdentityFilter { names: named(&query)?, ..page.into() };
    let orgs = app.engine.list_orgs(&caller, OrgReach::Operated, &filter).await;
    let orgs = orgs.map_err(|error| TEXTS.refusal(error))?;
    Ok(answer::json(&Objects { objects: orgs.into_iter().map(Org::from).collect() }))
}

/// An organisation to be made.
#[derive(ToSchema)]
#[schema(as = NewOrg)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct NewOrgBody {
    /// Its name, unique in the installation; no control characters.
    #[schema(min_length = 1, max_length = 128)]
    name: String,
}

pub(super) const NEW_ORG: &[&str] = &["name"];

/// Make an organisation, with a key of its own for its secrets and a project `default`. Only for operators.
#[utoipa::path(
    post,
    path = "/orgs",
    tag = "Organisations",
    operation_id = "createOrg",
    request_body = NewOrgBody,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The organisation", body = Org), Refusals)
)]
pub(super) async fn create_org(
    State(app): State<AppState>,
    caller: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = require_operator(caller)?;
    let mut fields = Fields::parse(&body.read().await?, NEW_ORG)?;
    fields.reject_unknown()?;
    let name = required("name", fields.take_parsed("name", OrgName::parse)?)?;
    let made = app.engine.create_org(&caller, name).await.map_err(|error| TEXTS.refusal(error))?;
    Ok(answer::json(&Org::from(made)))
}

/// Look an organisation up: an operator any, others their own.
#[utoipa::path(
    get,
    path = "/orgs/{id}",
    tag = "Organisations",
    operation_id = "findOrg",
    params(("id" = String, Path, format = "uuid", description = "The organisation's id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The organisation", body = Org), Refusals)
)]
pub(super) async fn find_org(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let found = app.engine.find_org(&caller, OrgReach::Operated, parse_id(id, OrgId::parse)?).await;
    Ok(answer::json(&Org::from(found.map_err(|error| TEXTS.refusal(error))?)))
}

/// What to change of an organisation.
#[derive(ToSchema)]
#[schema(as = OrgPatch)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct OrgPatchBody {
    /// A new name.
    #[schema(min_length = 1, max_length = 128)]
    name: String,
}

pub(super) const ORG_PATCH: &[&str] = &["name"];

/// Give an organisation another name. For operators, and for whoever administers it.
#[utoipa::path(
    patch,
    path = "/orgs/{id}",
    tag = "Organisations",
    operation_id = "patchOrg",
    params(("id" = String, Path, format = "uuid", description = "The organisation's id")),
    request_body = OrgPatchBody,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The organisation as it is now", body = Org), Refusals)
)]
pub(super) async fn patch_org(
    State(app): State<AppState>,
    caller: Authenticated,
    id: PathId,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = require_admin_or_operator(caller)?;
    let mut fields = Fields::parse(&body.read().await?, ORG_PATCH)?;
    let id = parse_id(id, OrgId::parse)?;
    fields.reject_unknown()?;
    let name = required("name", fields.take_parsed("name", OrgName::parse)?)?;
    let renamed = app.engine.rename_org(&caller, id, name).await;
    Ok(answer::json(&Org::from(renamed.map_err(|error| TEXTS.refusal(error))?)))
}
