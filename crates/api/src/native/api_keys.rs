//! `api-keys`: API keys, issued, listed and revoked.

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{ApiKeyView, Error, IssuedApiKey, NewApiKey, OrgChoice};
use keyholt_types::{
    ApiKeyId, Caller, FieldProblem, OrgId, OrgName, PrincipalId, ProjectId, Right, Rights, Role, Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::page::{Objects, Page, PathId, parse_id};
use super::refusals::{Texts, require, require_admin_or_operator};
use super::whoami::OrgRights;
use crate::answer;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::fields::{Fields, required};
use crate::query::UnreadQuery;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

const TEXTS: Texts =
    Texts { not_found: "API key not found", name_taken: "an API key with this name already exists" };

/// The most organisations that one API key can be given.
const MAX_ORGS: usize = 100;

/// The longest life of an API key that ends at all: ten years, in seconds.
const MAX_LIFETIME: i64 = 315_360_000;

/// An API key; never its text.
#[derive(Serialize, ToSchema)]
struct ApiKey {
    #[schema(value_type = String, format = "uuid")]
    id: ApiKeyId,
    #[schema(value_type = String)]
    name: Box<str>,
    /// Its first characters, to tell keys apart; empty for keys that were not made here.
    #[schema(value_type = String)]
    shown: Box<str>,
    /// The user or service account behind it.
    #[schema(value_type = String, format = "uuid")]
    principal_id: PrincipalId,
    /// The organisations that it belongs to.
    orgs: Vec<OrgRights>,
    /// The project whose secrets it sees under `/v1/deployments/secrets`.
    #[schema(value_type = String, format = "uuid")]
    project_id: ProjectId,
    /// Whether it bears the operator's mark, which gives no right inside an organisation.
    operator: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ceases to be valid.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    revoked_at: Option<Timestamp>,
}

impl ApiKey {
    fn new(key: ApiKeyView, names: &[(OrgId, Box<str>)]) -> Self {
        let name = |id| names.iter().find(|(org, _)| *org == id).map(|(_, name)| name.clone());
        let org = |(id, rights): (OrgId, Rights)| OrgRights { id, name: name(id), rights: rights.words() };
        Self {
            id: key.id,
            name: key.name,
            shown: key.shown,
            principal_id: key.principal,
            orgs: key.grants.into_iter().map(org).collect(),
            project_id: key.project,
            operator: key.operator,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// The API keys with the names of their organisations, as far as the caller may know them.
async fn with_names(app: &AppState, caller: &Caller, keys: Vec<ApiKeyView>) -> Result<Vec<ApiKey>, Error> {
    let mut orgs: Vec<OrgId> = keys.iter().flat_map(|key| &key.grants).map(|(org, _)| *org).collect();
    orgs.sort_unstable();
    orgs.dedup();
    let names = app.engine.org_names(caller, &orgs).await?;
    Ok(keys.into_iter().map(|key| ApiKey::new(key, &names)).collect())
}

/// List API keys of the caller's organisations, newest first; revoked ones too.
#[utoipa::path(
    get,
    path = "/api-keys",
    tag = "API keys",
    operation_id = "listApiKeys",
    params(("org" = Option<String>, Query, description = "Only API keys of the organisation of this name"), Page),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The API keys", body = Objects<ApiKey>), Refusals)
)]
pub(super) async fn list_api_keys(
    State(app): State<AppState>,
    caller: Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let caller = require(caller, Right::Admin)?;
    let query = query.read()?;
    let org = OrgChoice::from_option(query.single("org")?);
    let page = Page::read(&query)?.request(ApiKeyId::parse)?;
    let keys = app.engine.list_api_keys(&caller, org, page).await.map_err(|error| TEXTS.refusal(error))?;
    let objects = with_names(&app, &caller, keys).await.map_err(|error| TEXTS.refusal(error))?;
    Ok(answer::json(&Objects { objects }))
}

/// An API key to be issued. Either `role` or `rights` says what it may do.
#[derive(ToSchema)]
#[schema(as = NewApiKey)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct NewApiKeyBody {
    /// Its name; the service account behind it gets the same.
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    /// The names of its organisations; required when the caller belongs to several.
    #[schema(min_items = 1, max_items = 100)]
    orgs: Option<Vec<String>>,
    /// A bundle of rights in each of them: `owner` (all), `engineer` (read, write, use), `viewer` (read), `app` (use),
    /// `resolver` (use, reveal).
    role: Option<String>,
    /// Its rights in each of them: some of `read`, `write`, `use`, `reveal`, `admin`.
    #[schema(min_items = 1)]
    rights: Option<Vec<String>>,
    /// Its project, in the first of the organisations; `default` when absent.
    project: Option<String>,
    /// How long it is valid; for ever when absent.
    #[schema(minimum = 1, maximum = 315_360_000)]
    expires_in_seconds: Option<i64>,
}

pub(super) const NEW_API_KEY: &[&str] = &["name", "orgs", "role", "rights", "project", "expires_in_seconds"];

/// A new API key, with the text that is shown this once.
#[derive(Serialize, ToSchema)]
struct NewlyIssued<'a> {
    #[serde(flatten)]
    api_key: ApiKey,
    /// The API key itself. It is kept nowhere and cannot be shown again.
    #[schema(value_type = String)]
    key: &'a str,
}

/// Issue an API key, with a service account of its own.
///
/// Nobody gives more rights than they have. An operator may also issue the first owner key of an organisation that
/// has none.
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
    let orgs: Vec<OrgId> = api_key.grants.iter().map(|(org, _)| *org).collect();
    let names = app.engine.org_names(&caller, &orgs).await.unwrap_or_default();
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: a new API key is shown once, to its maker")]
    let key = token.expose();
    Ok(answer::json(&NewlyIssued { api_key: ApiKey::new(api_key, &names), key }))
}

fn new_api_key(body: &[u8]) -> Result<NewApiKey, Refusal> {
    let mut fields = Fields::parse(body, NEW_API_KEY)?;
    fields.reject_unknown()?;
    let name = required("name", fields.take_parsed("name", OrgName::parse)?)?;
    let orgs = fields.take_strings("orgs")?.unwrap_or_default();
    if orgs.len() > MAX_ORGS {
        return Err(Refusal::field("orgs", FieldProblem::MustBe("a list of at most 100 names")));
    }
    let lifetime_seconds = fields.take_integer("expires_in_seconds", LIFETIME_RULE)?;
    if lifetime_seconds.is_some_and(|seconds| !(1..=MAX_LIFETIME).contains(&seconds)) {
        return Err(Refusal::field("expires_in_seconds", FieldProblem::MustBe(LIFETIME_RULE)));
    }
    Ok(NewApiKey {
        name,
        orgs: orgs.into_iter().map(Into::into).collect(),
        project: fields.take_string("project")?.map(Into::into),
        rights: take_rights(&mut fields)?,
        lifetime_seconds,
    })
}

const LIFETIME_RULE: &str = "an integer between 1 and 315360000";

fn take_rights(fields: &mut Fields) -> Result<Rights, Refusal> {
    let role = |word: &str| {
        Role::parse(word).ok_or(FieldProblem::MustBe("one of owner, engineer, viewer, app and resolver"))
    };
    match (fields.take_parsed("role", role)?, fields.take_strings("rights")?) {
        (Some(role), None) => Ok(role.rights()),
        (None, Some(words)) => parse_rights(&words).ok_or(Refusal::field(
            "rights",
            FieldProblem::MustBe("a list of at least one of read, write, use, reveal and admin"),
        )),
        (None, None) => Err(Refusal::field("role", FieldProblem::Required)),
        (Some(_), Some(_)) => Err(Refusal::Request("role and rights must not both be given")),
    }
}

fn parse_rights(words: &[String]) -> Option<Rights> {
    let right = |word: &String| Right::ALL.into_iter().find(|right| right.word() == word);
    let rights: Vec<Right> = words.iter().map(right).collect::<Option<_>>()?;
    (!rights.is_empty()).then(|| Rights::of(&rights))
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
    Authenticated(caller): Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let revoked = app.engine.revoke_api_key(&caller, parse_id(id, ApiKeyId::parse)?).await;
    let revoked = revoked.map_err(|error| TEXTS.refusal(error))?;
    let orgs: Vec<OrgId> = revoked.grants.iter().map(|(org, _)| *org).collect();
    let names = app.engine.org_names(&caller, &orgs).await.unwrap_or_default();
    Ok(answer::json(&ApiKey::new(revoked, &names)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(body: &Value) -> Result<NewApiKey, String> {
        new_api_key(body.to_string().as_bytes()).map_err(|refusal| refusal.message().into_owned())
    }

    #[test]
    fn rights_come_from_a_role_or_from_a_list_and_never_from_nothing() {
        assert_eq!(parse(&json!({"name": "ci", "role": "app"})).unwrap().rights, Role::App.rights());
        let listed = parse(&json!({"name": "ci", "rights": ["use", "read", "use"]})).unwrap();
        assert_eq!(listed.rights, Rights::of(&[Right::Read, Right::Use]));
        for (body, message) in [
            (json!({"name": "ci"}), "role is required"),
            (
                json!({"name": "ci", "role": "root"}),
                "role must be one of owner, engineer, viewer, app and resolver",
            ),
            (json!({"name": "ci", "role": "app", "rights": ["use"]}), "role and rights must not both be given"),
        ] {
            assert_eq!(parse(&body).unwrap_err(), message);
        }
        for rights in [json!([]), json!(["root"]), json!(["read", "Use"])] {
            let message = parse(&json!({"name": "ci", "rights": rights})).unwrap_err();
            assert_eq!(message, "rights must be a list of at least one of read, write, use, reveal and admin");
        }
    }

    #[test]
    fn fields_have_bounds() {
        for seconds in [1, MAX_LIFETIME] {
            let new = parse(&json!({"name": "ci", "role": "app", "expires_in_seconds": seconds})).unwrap();
            assert_eq!(new.lifetime_seconds, Some(seconds));
        }
        for seconds in [json!(0), json!(-1), json!(MAX_LIFETIME + 1), json!("60"), json!(60.0)] {
            let message =
                parse(&json!({"name": "ci", "role": "app", "expires_in_seconds": seconds})).unwrap_err();
            assert_eq!(message, "expires_in_seconds must be an integer between 1 and 315360000");
        }
        let many = vec!["acme"; MAX_ORGS + 1];
        let message = parse(&json!({"name": "ci", "role": "app", "orgs": many})).unwrap_err();
        assert_eq!(message, "orgs must be a list of at most 100 names");
        assert_eq!(parse(&json!({"role": "app"})).unwrap_err(), "name is required");
        assert_eq!(
            parse(&json!({"name": "ci", "role": "app", "expires": 1})).unwrap_err(),
            "expires must be left out: there is no such field"
        );
    }
}
