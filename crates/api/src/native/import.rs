//! `POST secrets/import`: secrets from elsewhere, under the ids that they have there.

use std::borrow::Cow;

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{ImportedSecret, OrgChoice};
use keyholt_types::{FieldProblem, ProjectSecretName, SecretId, Timestamp, TtlSeconds};
use serde::Serialize;
use utoipa::ToSchema;

use super::page::not_a_uuid;
use super::refusals::require_operator;
use super::secret::take_new_secret;
use super::secrets::TEXTS;
use crate::answer;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::fields::{Fields, required};
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// Secrets to be brought in, all or none.
#[derive(ToSchema)]
#[schema(as = Import)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct ImportBody {
    /// The name of the organisation; required when the API key belongs to several.
    org: Option<String>,
    /// The name of one of its projects, when the secrets are that project's and not the organisation's.
    project: Option<String>,
    /// The secrets. Each takes the place of the one that has its id or its name.
    secrets: Vec<ImportedSecretBody>,
}

pub(super) const IMPORT: &[&str] = &["org", "project", "secrets"];

/// A secret to be brought in.
#[derive(ToSchema)]
#[schema(as = ImportedSecret)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct ImportedSecretBody {
    /// Its id; any UUID.
    #[schema(format = "uuid")]
    id: String,
    /// When it was made; now when absent.
    #[schema(format = DateTime)]
    created_at: Option<String>,
    /// Its name; for a project's secret as the wire of those demands.
    #[schema(min_length = 1, max_length = 256)]
    name: String,
    #[schema(max_length = 128)]
    r#type: Option<String>,
    /// Any JSON object of at most 64 KiB and 32 levels.
    #[schema(value_type = Option<Object>)]
    metadata: Option<()>,
    #[schema(max_length = 500)]
    description: Option<String>,
    /// The value, 1 byte to 64 KiB of UTF-8.
    #[schema(min_length = 1, write_only)]
    value: Option<String>,
    /// Its time to live in seconds, from `created_at`.
    #[schema(minimum = 86400, maximum = 1_209_600)]
    ttl_seconds: Option<i64>,
}

pub(super) const IMPORTED_SECRET: &[&str] =
    &["id", "created_at", "name", "type", "metadata", "description", "value", "ttl_seconds"];

/// What an import came to.
#[derive(Serialize, ToSchema)]
struct Imported {
    /// How many secrets were brought in.
    imported: usize,
}

/// Bring in secrets under fixed ids, all or none. Only for operators with the right `write` there.
#[utoipa::path(
    post,
    path = "/secrets/import",
    tag = "Secrets",
    operation_id = "importSecrets",
    request_body = ImportBody,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "They were brought in", body = Imported), Refusals)
)]
pub(super) async fn import_secrets(
    State(app): State<AppState>,
    caller: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = require_operator(caller)?;
    let Import { org, project, secrets } = Import::parse(&body.read().await?)?;
    let org = OrgChoice::from_option(org.as_deref());
    let imported = app.engine.import_secrets(&caller, org, project.as_deref(), secrets).await;
    Ok(answer::json(&Imported { imported: imported.map_err(|error| TEXTS.refusal(error))? }))
}

struct Import {
    org: Option<String>,
    project: Option<String>,
    secrets: Vec<ImportedSecret>,
}

impl Import {
    fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let mut fields = Fields::parse(body, IMPORT)?;
        fields.reject_unknown()?;
        let (org, project) = (fields.take_string("org")?, fields.take_string("project")?);
        let secrets = required("secrets", fields.take_list_of_fields("secrets", IMPORTED_SECRET)?)?;
        let is_of_project = project.is_some();
        let secret =
            |(index, fields)| imported_secret(fields, is_of_project).map_err(|refusal| at(index, refusal));
        let secrets = secrets.into_iter().enumerate().map(secret).collect::<Result<_, _>>()?;
        Ok(Self { org, project, secrets })
    }
}

fn imported_secret(mut fields: Fields, is_of_project: bool) -> Result<ImportedSecret, Refusal> {
    fields.reject_unknown()?;
    let id = required("id", fields.take_string("id")?)?;
    let moment = |text: &str| Timestamp::parse(text).ok_or(FieldProblem::MustBe("an RFC 3339 date and time"));
    let created_at = fields.take_parsed("created_at", moment)?;
    let ttl = |seconds| TtlSeconds::parse(seconds).map_err(|problem| Refusal::field("ttl_seconds", problem));
    let ttl = fields.take_integer("ttl_seconds", TtlSeconds::RULE)?.map(ttl).transpose()?;
    let mut secret = take_new_secret(&mut fields)?;
    secret.ttl = ttl;
    if is_of_project {
        let name = ProjectSecretName::parse(secret.name.as_str());
        secret.name = name.map_err(|problem| Refusal::field("name", problem))?.into();
        required("value", secret.value.as_ref())?;
    }
    Ok(ImportedSecret { id: SecretId::parse(&id).ok_or(not_a_uuid("id"))?, created_at, secret })
}

/// Says in which of the secrets a field is at fault, counted from 0.
fn at(index: usize, refusal: Refusal) -> Refusal {
    if let Refusal::Field(name, problem) = refusal {
        Refusal::Field(Cow::Owned(format!("secrets.{index}.{name}")), problem)
    } else {
        refusal
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(body: &Value) -> Result<Import, String> {
        Import::parse(body.to_string().as_bytes()).map_err(|refusal| refusal.message().into_owned())
    }

    fn refused(secret: &Value, project: Option<&str>) -> String {
        let fine = json!({"id": SecretId::MIN, "name": "a", "value": "v"});
        parse(&json!({"project": project, "secrets": [fine, secret]})).err().unwrap_or_default()
    }

    #[test]
    fn a_secret_comes_with_its_id_and_its_date() {
        let secret = json!({"id": SecretId::MAX, "created_at": "2026-11-21T09:30:00.125Z", "name": "a b", "type": "openai"});
        let import = parse(&json!({"org": "acme", "secrets": [secret]})).unwrap();
        assert_eq!((import.org.as_deref(), import.project), (Some("acme"), None));
        let imported = import.secrets.first().unwrap();
        assert_eq!((imported.id, imported.secret.name.as_str()), (SecretId::MAX, "a b"));
        assert_eq!(imported.created_at.unwrap().to_string(), "2026-11-21T09:30:00.125Z");
    }

    #[test]
    fn a_fault_names_the_secret_and_the_field() {
        let id = SecretId::MAX;
        for (secret, message) in [
            (json!({"name": "a"}), "secrets.1.id is required"),
            (json!({"id": "x", "name": "a"}), "secrets.1.id must be a UUID"),
            (json!({"id": id}), "secrets.1.name is required"),
            (json!({"id": id, "name": "a", "value": ""}), "secrets.1.value must not be empty"),
            (
                json!({"id": id, "name": "a", "created_at": "now"}),
                "secrets.1.created_at must be an RFC 3339 date and time",
            ),
            (
                json!({"id": id, "name": "a", "valeu": "v"}),
                "secrets.1.valeu must be left out: there is no such field",
            ),
        ] {
            assert_eq!(refused(&secret, None), message);
        }
    }

    #[test]
    fn a_projects_secret_keeps_to_the_rules_of_projects() {
        let id = SecretId::MAX;
        assert_eq!(refused(&json!({"id": id, "name": "team/key", "value": "v"}), Some("default")), "");
        assert!(
            refused(&json!({"id": id, "name": "a b", "value": "v"}), Some("default"))
                .starts_with("secrets.1.name must")
        );
        assert_eq!(refused(&json!({"id": id, "name": "a"}), Some("default")), "secrets.1.value is required");
    }
}
