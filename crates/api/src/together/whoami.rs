//! `GET …/whoami`: the API key, its project and organisation (wire/together.md 4).

use axum::response::Response;
use keyholt_types::{ApiKeyId, Identity, OrgId, ProjectId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer;
use crate::auth::Authenticated;
use crate::refusal::Refusals;

/// Show the API key, its project and its organisation.
#[utoipa::path(
    get,
    path = "/",
    tag = "Project secrets",
    operation_id = "whoamiOfProject",
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Who the API key stands for", body = Whoami), Refusals)
)]
pub(super) async fn whoami(Authenticated { caller, .. }: Authenticated) -> Response {
    answer::json(&Whoami::from(&*caller.identity))
}

/// Both forms that clients know, in one object: nested for Python 3.x, flat for TypeScript, Go and older Python.
#[derive(Serialize, ToSchema)]
#[schema(as = ProjectWhoami)]
struct Whoami<'a> {
    #[schema(value_type = String)]
    r#type: &'static str,
    #[schema(inline)]
    api_key: ApiKey,
    #[schema(inline)]
    project: Project<'a>,
    #[schema(inline)]
    organization: Organization<'a>,
    #[schema(value_type = String, format = "uuid")]
    api_key_id: ApiKeyId,
    #[schema(value_type = String, format = "uuid")]
    project_id: ProjectId,
    #[schema(value_type = String)]
    project_name: &'a str,
    #[schema(value_type = String)]
    project_slug: &'a str,
    #[schema(value_type = String, format = "uuid")]
    organization_id: OrgId,
    #[schema(value_type = String)]
    organization_name: &'a str,
}

#[derive(Serialize, ToSchema)]
struct ApiKey {
    #[schema(value_type = String, format = "uuid")]
    id: ApiKeyId,
}

#[derive(Serialize, ToSchema)]
struct Project<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: ProjectId,
    #[schema(value_type = String)]
    name: &'a str,
    #[schema(value_type = String)]
    slug: &'a str,
}

#[derive(Serialize, ToSchema)]
struct Organization<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: OrgId,
    #[schema(value_type = String)]
    name: &'a str,
}

impl<'a> From<&'a Identity> for Whoami<'a> {
    /// A key of several organisations reports that of its project.
    fn from(identity: &'a Identity) -> Self {
        let project = &identity.project;
        let organization_name = identity.grant_in(project.org).map_or("", |grant| &grant.org_name);
        Self {
            r#type: "project_api_key",
            api_key: ApiKey { id: identity.api_key },
            project: Project { id: project.id, name: &project.name, slug: &project.name },
            organization: Organization { id: project.org, name: organization_name },
            api_key_id: identity.api_key,
            project_id: project.id,
            project_name: &project.name,
            project_slug: &project.name,
            organization_id: project.org,
            organization_name,
        }
    }
}

#[cfg(test)]
mod tests {
    use keyholt_types::{OrgGrant, PrincipalId, ProjectRef, Restrictions, Rights, Via};

    use super::*;

    #[test]
    fn both_forms_name_the_organisation_of_the_project() {
        let grant = |org, name: &str| OrgGrant { org, org_name: name.into(), rights: Rights::NONE };
        let identity = Identity {
            via: Via::ApiKey,
            api_key: ApiKeyId::MAX,
            api_key_name: "ci".into(),
            principal: PrincipalId::MIN,
            operator: false,
            orgs: vec![grant(OrgId::MIN, "other"), grant(OrgId::MAX, "acme")],
            project: ProjectRef { org: OrgId::MAX, id: ProjectId::MIN, name: "default".into() },
            expires_at: None,
            restrictions: Restrictions::default(),
            temporary: None,
        };
        let max = "ffffffff-ffff-ffff-ffff-ffffffffffff";
        let nil = "00000000-0000-0000-0000-000000000000";
        assert_eq!(
            serde_json::to_value(Whoami::from(&identity)).unwrap(),
            serde_json::json!({
                "type": "project_api_key",
                "api_key": {"id": max},
                "project": {"id": nil, "name": "default", "slug": "default"},
                "organization": {"id": max, "name": "acme"},
                "api_key_id": max,
                "project_id": nil,
                "project_name": "default",
                "project_slug": "default",
                "organization_id": max,
                "organization_name": "acme",
            })
        );
    }
}
