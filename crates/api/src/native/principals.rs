//! `principals`: users and service accounts, members of organisations.

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{IdentityFilter, MemberFilter, Operation, OrgChoice};
use keyholt_types::PrincipalId;

use super::page::{Objects, Page, PathId, named, parse_id};
use super::principal::Principal;
use super::principal_body::{
    NewPrincipalBody, PRINCIPAL_PATCH, PrincipalPatchBody, new_principal, parse_kind, principal_patch,
};
use super::refusals::{Texts, require};
use crate::answer;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::fields::Fields;
use crate::query::{Query, UnreadQuery};
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// Several may have the same name; the second text completes the table.
const TEXTS: Texts =
    Texts { not_found: "User or service account not found", name_taken: "the name is already taken" };

/// List users and service accounts of the caller's organisations, newest first; suspended ones too.
///
/// Where the caller has not the right `read`, only its own principal.
#[utoipa::path(
    get,
    path = "/principals",
    tag = "Users and service accounts",
    operation_id = "listPrincipals",
    params(
        ("org" = Option<String>, Query, description = "Only members of the organisation of this name"),
        ("kind" = Option<String>, Query, description = "`user` or `service_account`: only these"),
        ("name" = Option<String>, Query, description = "Only those of exactly this name"),
        Page,
    ),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The users and service accounts", body = Objects<Principal>), Refusals)
)]
pub(super) async fn list_principals(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let query = query.read()?;
    let org = OrgChoice::from_option(query.single("org")?);
    let members = app.engine.list_members(&caller, org, &filter(&query)?).await;
    let members = members.map_err(|error| TEXTS.refusal(error))?;
    Ok(answer::json(&Objects { objects: members.into_iter().map(Principal::from).collect() }))
}

fn filter(query: &Query) -> Result<MemberFilter, Refusal> {
    let kind = query.single("kind")?.map(parse_kind).transpose();
    let kind = kind.map_err(|problem| Refusal::field("kind", problem))?;
    let page = Page::read(query)?.request(PrincipalId::parse)?;
    Ok(MemberFilter { page: IdentityFilter { names: named(query)?, ..page.into() }, kind, emails: None })
}

/// Make a user or service account, a member of organisations. Nobody gives more rights than they have.
#[utoipa::path(
    post,
    path = "/principals",
    tag = "Users and service accounts",
    operation_id = "createPrincipal",
    request_body = NewPrincipalBody,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The user or service account", body = Principal), Refusals)
)]
pub(super) async fn create_principal(
    State(app): State<AppState>,
    caller: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::ManageIdentity)?;
    let new = new_principal(&body.read().await?)?;
    let made = app.engine.create_principal(&caller, new).await;
    Ok(answer::json(&Principal::from(made.map_err(|error| TEXTS.refusal(error))?)))
}

/// Look a user or service account up.
#[utoipa::path(
    get,
    path = "/principals/{id}",
    tag = "Users and service accounts",
    operation_id = "findPrincipal",
    params(("id" = String, Path, format = "uuid", description = "The id of the user or service account")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The user or service account", body = Principal), Refusals)
)]
pub(super) async fn find_principal(
    State(app): State<AppState>,
    Authenticated { caller, .. }: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let found = app.engine.find_member(&caller, parse_id(id, PrincipalId::parse)?).await;
    Ok(answer::json(&Principal::from(found.map_err(|error| TEXTS.refusal(error))?)))
}

/// Change a user or service account: name and address everywhere, rights and suspension in one organisation.
///
/// Holds for all of its API keys at once.
#[utoipa::path(
    patch,
    path = "/principals/{id}",
    tag = "Users and service accounts",
    operation_id = "patchPrincipal",
    params(("id" = String, Path, format = "uuid", description = "The id of the user or service account")),
    request_body = PrincipalPatchBody,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The user or service account as it is now", body = Principal), Refusals)
)]
pub(super) async fn patch_principal(
    State(app): State<AppState>,
    caller: Authenticated,
    id: PathId,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::ManageIdentity)?;
    let fields = Fields::parse(&body.read().await?, PRINCIPAL_PATCH)?;
    let (id, (org, patch)) = (parse_id(id, PrincipalId::parse)?, principal_patch(fields)?);
    let patched = app.engine.patch_member(&caller, OrgChoice::from_option(org.as_deref()), id, patch).await;
    Ok(answer::json(&Principal::from(patched.map_err(|error| TEXTS.refusal(error))?)))
}

/// Remove a user or service account from an organisation. Its API keys may do nothing there from then on.
///
/// One that tokens stand for would come back with the next one: it is suspended instead.
#[utoipa::path(
    delete,
    path = "/principals/{id}",
    tag = "Users and service accounts",
    operation_id = "removePrincipal",
    params(
        ("id" = String, Path, format = "uuid", description = "The id of the user or service account"),
        (
            "org" = Option<String>, Query,
            description = "The name of the organisation; required when it is a member of several that the caller \
                           administers"
        ),
    ),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The user or service account as it was last", body = Principal), Refusals)
)]
pub(super) async fn remove_principal(
    State(app): State<AppState>,
    caller: Authenticated,
    id: PathId,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::ManageIdentity)?;
    let query = query.read()?;
    let org = OrgChoice::from_option(query.single("org")?);
    let removed = app.engine.remove_member(&caller, org, parse_id(id, PrincipalId::parse)?).await;
    Ok(answer::json(&Principal::from(removed.map_err(|error| TEXTS.refusal(error))?)))
}
