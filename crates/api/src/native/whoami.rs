//! `GET whoami`: the caller.

use axum::response::Response;
use keyholt_types::{ApiKeyId, Identity, OrgId, PrincipalId, ProjectId, Timestamp, Via};
use serde::Serialize;
use utoipa::ToSchema;

use super::restriction::{ShownRestriction, shown};
use crate::answer;
use crate::auth::Authenticated;
use crate::refusal::Refusals;

/// The caller.
#[derive(Serialize, ToSchema)]
struct Whoami<'a> {
    /// What was shown: `api_key`, or `jwt` for a token of an issuer that the operator configured.
    #[schema(value_type = String)]
    via: &'static str,
    #[schema(inline)]
    api_key: CallingApiKey<'a>,
    #[schema(inline)]
    principal: CallingPrincipal,
    /// The organisations that the API key belongs to.
    orgs: Vec<OrgRights>,
    #[schema(inline)]
    project: CallingProject<'a>,
    /// What narrows the API key; all of these must be met.
    restrictions: Vec<ShownRestriction>,
}

/// The API key with which the request was made. With a token it has the principal's id.
#[derive(Serialize, ToSchema)]
struct CallingApiKey<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: ApiKeyId,
    #[schema(value_type = String)]
    name: &'a str,
    /// Whether it bears the operator's mark, which gives no right inside an organisation.
    operator: bool,
    /// When it ceases to be valid.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    expires_at: Option<Timestamp>,
}

/// The user or service account behind the API key.
#[derive(Serialize, ToSchema)]
struct CallingPrincipal {
    #[schema(value_type = String, format = "uuid")]
    id: PrincipalId,
}

/// An organisation, and what the API key may do there.
#[derive(Serialize, ToSchema)]
pub(super) struct OrgRights {
    #[schema(value_type = String, format = "uuid")]
    pub(super) id: OrgId,
    /// Its name; null when the caller may not know it.
    #[schema(value_type = Option<String>, required)]
    pub(super) name: Option<Box<str>>,
    /// Some of `read`, `write`, `use`, `reveal`, `admin`.
    #[schema(value_type = Vec<String>)]
    pub(super) rights: Vec<&'static str>,
}

/// The project whose secrets the API key sees under `/v1/deployments/secrets`.
#[derive(Serialize, ToSchema)]
struct CallingProject<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: ProjectId,
    #[schema(value_type = String)]
    name: &'a str,
    #[schema(value_type = String, format = "uuid")]
    org_id: OrgId,
}

impl<'a> From<&'a Identity> for Whoami<'a> {
    fn from(identity: &'a Identity) -> Self {
        let orgs = identity.orgs.iter().map(|grant| OrgRights {
            id: grant.org,
            name: Some(grant.org_name.clone()),
            rights: grant.rights.words(),
        });
        let project = &identity.project;
        let via = match identity.via {
            Via::ApiKey => "api_key",
            Via::Jwt => "jwt",
        };
        Self {
            via,
            api_key: CallingApiKey {
                id: identity.api_key,
                name: &identity.api_key_name,
                operator: identity.operator,
                expires_at: identity.expires_at,
            },
            principal: CallingPrincipal { id: identity.principal },
            orgs: orgs.collect(),
            project: CallingProject { id: project.id, name: &project.name, org_id: project.org },
            restrictions: shown(&identity.restrictions),
        }
    }
}

/// Show who makes the request: API key, principal, organisations with rights, project, restrictions.
#[utoipa::path(
    get,
    path = "/whoami",
    tag = "Identity",
    operation_id = "whoami",
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The caller", body = Whoami), Refusals)
)]
pub(super) async fn whoami(Authenticated { caller, .. }: Authenticated) -> Response {
    answer::json(&Whoami::from(&*caller.identity))
}
