//! `GET /v1/project`, and by id: the organisation's projects (wire/braintrust.md 7.3, 7.4).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::ProjectView;
use keyholt_types::{OrgId, PrincipalId, ProjectId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::list::{List, Parameters, filter, one_name, org};
use super::path_id::PathId;
use super::refusals::refusal;
use crate::answer;
use crate::auth::Authenticated;
use crate::query::UnreadQuery;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

const NOT_FOUND: &str = "Project does not exist or you do not have access to it";

/// A project. All keys are always present.
#[derive(Serialize, ToSchema)]
#[schema(as = BraintrustProject)]
struct Project {
    /// Unique identifier for the project
    #[schema(value_type = String, format = "uuid")]
    id: ProjectId,
    /// Unique id for the organization that the project belongs under
    #[schema(value_type = String, format = "uuid")]
    org_id: OrgId,
    /// Name of the project
    #[schema(value_type = String)]
    name: Box<str>,
    /// Always null
    #[schema(required)]
    description: Option<String>,
    /// Date of project creation
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// Always null: a deleted project is not shown
    #[schema(value_type = Option<String>, format = DateTime, required)]
    deleted_at: Option<Timestamp>,
    /// Always null
    #[schema(value_type = Option<String>, format = "uuid", required)]
    user_id: Option<PrincipalId>,
    /// Always null
    #[schema(value_type = Option<Object>, required)]
    settings: Option<bool>,
}

impl From<ProjectView> for Project {
    fn from(project: ProjectView) -> Self {
        Self {
            id: project.id,
            org_id: project.org,
            name: project.name,
            description: None,
            created: project.created_at,
            deleted_at: None,
            user_id: None,
            settings: None,
        }
    }
}

/// List projects
///
/// The most recently created first. Who may not read sees the project of its API key.
#[utoipa::path(
    get,
    path = "/v1/project",
    tag = "Projects",
    operation_id = "getProject",
    params(("project_name" = Option<String>, Query, description = "Only the project with this name"), Parameters),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns a list of project objects", body = List<Project>), Refusals)
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let query = query.read()?;
    let filter = filter(&query, ProjectId::parse, one_name(&query, "project_name")?)?;
    let projects = app.engine.list_projects(&caller, org(&query)?, &filter).await;
    let projects = projects.map_err(|error| refusal(error, NOT_FOUND))?;
    Ok(answer::json(&List { objects: projects.into_iter().map(Project::from).collect() }))
}

/// Get project
#[utoipa::path(
    get,
    path = "/v1/project/{project_id}",
    tag = "Projects",
    operation_id = "getProjectId",
    params(("project_id" = String, Path, format = "uuid", description = "Project id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns the project object", body = Project), Refusals)
)]
pub(super) async fn find(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let project = app.engine.find_project(&caller, id.parse("project_id", ProjectId::parse)?).await;
    Ok(answer::json(&Project::from(project.map_err(|error| refusal(error, NOT_FOUND))?)))
}
