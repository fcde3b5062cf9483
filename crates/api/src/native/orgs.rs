//! `GET` and `POST orgs`: organisations.

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::OrgView;
use keyholt_types::{OrgId, OrgName, ProjectId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::page::{Objects, Page};
use super::refusals::{Texts, require_operator};
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
    params(Page),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The organisations", body = Objects<Org>), Refusals)
)]
pub(super) async fn list_orgs(
    State(app): State<AppState>,
    Authenticated(caller): Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let page = Page::read(&query.read()?)?.request(OrgId::parse)?;
    let orgs = app.engine.list_orgs(&caller, page).await.map_err(|error| TEXTS.refusal(error))?;
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
