//! `projects`: projects of organisations.

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{IdentityFilter, Operation, OrgChoice, ProjectView};
use keyholt_types::{OrgId, OrgName, ProjectId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::page::{Objects, Page, PathId, named, parse_id};
use super::refusals::{Texts, require};
use crate::answer;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::fields::{Fields, required};
use crate::query::UnreadQuery;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

const TEXTS: Texts =
    Texts { not_found: "Project not found", name_taken: "a project with this name already exists" };

/// A project.
#[derive(Serialize, ToSchema)]
struct Project {
    #[schema(value_type = String, format = "uuid")]
    id: ProjectId,
    #[schema(value_type = String, format = "uuid")]
    org_id: OrgId,
    #[schema(value_type = String)]
    name: Box<str>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<ProjectView> for Project {
    fn from(project: ProjectView) -> Self {
        Self { id: project.id, org_id: project.org, name: project.name, created_at: project.created_at }
    }
}

/// List projects of the caller's organisations, newest first.
///
/// Where the caller has not the right `read`, only its own project.
#[utoipa::path(
    get,
    path = "/projects",
    tag = "Projects",
    operation_id = "listProjects",
    params(
        ("org" = Option<String>, Query, description = "Only projects of the organisation of this name"),
        ("name" = Option<String>, Query, description = "Only projects of exactly this name"),
        Page,
    ),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The projects", body = Objects<Project>), Refusals)
)]
pub(super) async fn list_projects(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let query = query.read()?;
    let org = OrgChoice::from_option(query.single("org")?);
    let page = Page::read(&query)?.request(ProjectId::parse)?;
    let filter = IdentityFilter { names: named(&query)?, ..page.into() };
    let projects = app.engine.list_projects(&caller, org, &filter).await;
    let projects = projects.map_err(|error| TEXTS.refusal(error))?;
    Ok(answer::json(&Objects { objects: projects.into_iter().map(Project::from).collect() }))
}

/// A project to be made.
#[derive(ToSchema)]
#[schema(as = NewProject)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct NewProjectBody {
    /// Its name, unique in the organisation; no control characters.
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    /// The name of its organisation; required when the API key belongs to several.
    org: Option<String>,
}

pub(super) const NEW_PROJECT: &[&str] = &["name", "org"];

/// Make a project.
#[utoipa::path(
    post,
    path = "/projects",
    tag = "Projects",
    operation_id = "createProject",
    request_body = NewProjectBody,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The project", body = Project), Refusals)
)]
pub(super) async fn create_project(
    State(app): State<AppState>,
    caller: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::ManageIdentity)?;
    let mut fields = Fields::parse(&body.read().await?, NEW_PROJECT)?;
    fields.reject_unknown()?;
    let name = required("name", fields.take_parsed("name", OrgName::parse)?)?;
    let org = fields.take_string("org")?;
    let made = app.engine.create_project(&caller, OrgChoice::from_option(org.as_deref()), name).await;
    Ok(answer::json(&Project::from(made.map_err(|error| TEXTS.refusal(error))?)))
}

/// Look a project up.
#[utoipa::path(
    get,
    path = "/projects/{id}",
    tag = "Projects",
    operation_id = "findProject",
    params(("id" = String, Path, format = "uuid", description = "The project's id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The project", body = Project), Refusals)
)]
pub(super) async fn find_project(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let found = app.engine.find_project(&caller, parse_id(id, ProjectId::parse)?).await;
    Ok(answer::json(&Project::from(found.map_err(|error| TEXTS.refusal(error))?)))
}

/// What to change of a project.
#[derive(ToSchema)]
#[schema(as = ProjectPatch)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct ProjectPatchBody {
    /// A new name.
    #[schema(min_length = 1, max_length = 128)]
    name: String,
}

pub(super) const PROJECT_PATCH: &[&str] = &["name"];

/// Give a project another name. API keys name it by its id, and stay with it.
#[utoipa::path(
    patch,
    path = "/projects/{id}",
    tag = "Projects",
    operation_id = "patchProject",
    params(("id" = String, Path, format = "uuid", description = "The project's id")),
    request_body = ProjectPatchBody,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The project as it is now", body = Project), Refusals)
)]
pub(super) async fn patch_project(
    State(app): State<AppState>,
    caller: Authenticated,
    id: PathId,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::ManageIdentity)?;
    let mut fields = Fields::parse(&body.read().await?, PROJECT_PATCH)?;
    let id = parse_id(id, ProjectId::parse)?;
    fields.reject_unknown()?;
    let name = required("name", fields.take_parsed("name", OrgName::parse)?)?;
    let renamed = app.engine.rename_project(&caller, id, name).await;
    Ok(answer::json(&Project::from(renamed.map_err(|error| TEXTS.refusal(error))?)))
}

/// Delete a project that has neither secrets nor valid API keys.
#[utoipa::path(
    delete,
    path = "/projects/{id}",
    tag = "Projects",
    operation_id = "deleteProject",
    params(("id" = String, Path, format = "uuid", description = "The project's id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The project as it was last", body = Project), Refusals)
)]
pub(super) async fn delete_project(
    State(app): State<AppState>,
    caller: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::ManageIdentity)?;
    let deleted = app.engine.delete_project(&caller, parse_id(id, ProjectId::parse)?).await;
    Ok(answer::json(&Project::from(deleted.map_err(|error| TEXTS.refusal(error))?)))
}
