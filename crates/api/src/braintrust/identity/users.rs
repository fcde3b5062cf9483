//! `GET /v1/user`, and by id: users and service accounts of the organisation (wire/braintrust.md 7.4).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{MemberFilter, MemberView};
use keyholt_types::{PrincipalId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::list::{List, Parameters, filter, names, org};
use super::path_id::PathId;
use super::refusals::refusal;
use crate::answer;
use crate::auth::Authenticated;
use crate::query::{Query, UnreadQuery};
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

const NOT_FOUND: &str = "User does not exist or you do not have access to it";

/// A user or a service account. All keys are always present.
#[derive(Serialize, ToSchema)]
#[schema(as = BraintrustUser)]
struct User {
    /// Unique identifier for the user
    #[schema(value_type = String, format = "uuid")]
    id: PrincipalId,
    /// The one name of the user
    #[schema(value_type = String)]
    given_name: Box<str>,
    /// Always null
    #[schema(required)]
    family_name: Option<String>,
    /// The user's email
    #[schema(value_type = Option<String>, required)]
    email: Option<Box<str>>,
    /// Always null
    #[schema(required)]
    avatar_url: Option<String>,
    /// Date of user creation
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
}

impl From<MemberView> for User {
    fn from(member: MemberView) -> Self {
        Self {
            id: member.id,
            given_name: member.name,
            family_name: None,
            email: member.email,
            avatar_url: None,
            created: member.created_at,
        }
    }
}

/// List users
///
/// Users and service accounts, the most recently created first. Who may not read sees itself.
#[utoipa::path(
    get,
    path = "/v1/user",
    tag = "Users",
    operation_id = "getUser",
    params(
        ("given_name" = Option<Vec<String>>, Query,
            description = "Only users of one of these names: repeated, joined by commas, or both"),
        ("family_name" = Option<Vec<String>>, Query, description = "Nobody has a family name: the list is empty"),
        ("email" = Option<Vec<String>>, Query,
            description = "Only users with one of these emails: repeated, joined by commas, or both"),
        Parameters,
    ),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns a list of user objects", body = List<User>), Refusals)
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let query = query.read()?;
    let members = app.engine.list_members(&caller, org(&query)?, &member_filter(&query)?).await;
    let members = members.map_err(|error| refusal(error, NOT_FOUND))?;
    Ok(answer::json(&List { objects: members.into_iter().map(User::from).collect() }))
}

fn member_filter(query: &Query) -> Result<MemberFilter, Refusal> {
    let mut page = filter(query, PrincipalId::parse, names(query, "given_name"))?;
    if query.list("family_name").is_some() {
        // Whatever it is, it is nobody's.
        page.ids = Some(Vec::new());
    }
    Ok(MemberFilter { page, kind: None, emails: names(query, "email") })
}

/// Get user
#[utoipa::path(
    get,
    path = "/v1/user/{user_id}",
    tag = "Users",
    operation_id = "getUserId",
    params(("user_id" = String, Path, format = "uuid", description = "User id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns the user object", body = User), Refusals)
)]
pub(super) async fn find(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let member = app.engine.find_member(&caller, id.parse("user_id", PrincipalId::parse)?).await;
    Ok(answer::json(&User::from(member.map_err(|error| refusal(error, NOT_FOUND))?)))
}
