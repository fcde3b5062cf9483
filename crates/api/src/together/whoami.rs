//! `GET …/whoami`: the API key, its project and organisation (wire/together.md 4).

use axum::response::Response;
use keyholt_types::{ApiKeyId, Identity, OrgId, ProjectId};
use serde::Serialize;

use crate::answer;
use crate::auth::Authenticated;

/// Show the API key, its project and its organisation.
#[utoipa::path(
    get,
    path = "/",
    operation_id = "whoami_together",
    responses((status = 200))
)]
pub(super) async fn whoami(Authenticated(caller): Authenticated) -> Response {
    answer::json(&Whoami::from(&*caller.identity))
}

/// Both forms that clients know, in one object: nested for Python 3.x, flat for TypeScript, Go and older Python.
#[derive(Serialize)]
struct Whoami<'a> {
    r#type: &'static str,
    api_key: ApiKey,
    project: Project<'a>,
    organization: Organization<'a>,
    api_key_id: ApiKeyId,
    project_id: ProjectId,
    project_name: &'a str,
    project_slug: &'a str,
    organization_id: OrgId,
    organization_name: &'a str,
}

#[derive(Serialize)]
struct ApiKey {
    id: ApiKeyId,
}

#[derive(Serialize)]
struct Project<'a> {
    id: ProjectId,
    name: &'a str,
    slug: &'a str,
}

#[derive(Serialize)]
struct Organization<'a> {
    id: OrgId,
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
    use keyholt_types::{OrgGrant, PrincipalId, ProjectRef, Rights};

    use super::*;

    #[test]
    fn both_forms_name_the_organisation_of_the_project() {
        let grant = |org, name: &str| OrgGrant { org, org_name: name.into(), rights: Rights::NONE };
        let identity = Identity {
            api_key: ApiKeyId::MAX,
            api_key_name: "ci".into(),
            principal: PrincipalId::MIN,
            operator: false,
            orgs: vec![grant(OrgId::MIN, "other"), grant(OrgId::MAX, "acme")],
            project: ProjectRef { org: OrgId::MAX, id: ProjectId::MIN, name: "default".into() },
            expires_at: None,
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
