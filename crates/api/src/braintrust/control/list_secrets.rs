//! `POST /api/ai_secret/get`: the AI secrets of one organisation as a bare array (wire/braintrust.md 7.3).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{OrgChoice, SecretFilter};
use keyholt_types::{FieldProblem, OrgId};
use utoipa::ToSchema;

use super::plain_refusal::PlainRefusal;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::braintrust::refusals::{reader, refusal};
use crate::braintrust::secret::AiSecret;
use crate::fields::{Fields, required};
use crate::listing;
use crate::refusal::Refusal;
use crate::state::AppState;

/// Describes the body; other fields are ignored.
#[derive(ToSchema)]
#[schema(as = BraintrustSecretsOfOrg)]
#[expect(dead_code, reason = "only its description is used")]
struct SecretsOfOrg {
    /// Unique identifier for the organization
    #[schema(format = "uuid")]
    org_id: String,
}

/// List the ai_secrets of an organization
///
/// All of them, the most recently created first; never their values.
#[utoipa::path(
    post,
    path = "/api/ai_secret/get",
    tag = "Control plane",
    operation_id = "postAiSecretGet",
    request_body = SecretsOfOrg,
    security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "The ai_secret objects", body = Vec<AiSecret<'static>>),
        (status = 400, description = "Any refusal, in one sentence", content_type = "text/plain", body = String),
    )
)]
pub(super) async fn list_secrets(
    State(app): State<AppState>,
    authenticated: Result<Authenticated, Refusal>,
    body: UnreadBody,
) -> Result<Response, PlainRefusal> {
    let caller = reader(authenticated?)?;
    let org = org_id(&body.read().await?)?;
    // One text whether the organisation is somebody else's or nobody's.
    let unknown = Refusal::NotFound("Organization does not exist or you do not have access to it");
    let org = OrgChoice::Named(&caller.identity.grant_in(org).ok_or(unknown)?.org_name);
    let list = app.engine.list_secrets(&caller, org, SecretFilter::default()).await.map_err(refusal)?;
    let write = |text: &mut Vec<u8>, listed: &_| listing::write_open::<AiSecret<'_>>(text, listed);
    Ok(listing::answer(list, "[", write, "]").await.map_err(refusal)?)
}

fn org_id(body: &[u8]) -> Result<OrgId, Refusal> {
    let parse = |text: &str| OrgId::parse(text).ok_or(FieldProblem::MustBe("a UUID"));
    required("org_id", Fields::parse_optional(body, &["org_id"])?.take_parsed("org_id", parse)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_is_named_by_its_id() {
        let read = |body: &str| org_id(body.as_bytes()).map_err(|refusal| refusal.message().into_owned());
        let id = OrgId::MAX;
        assert_eq!(read(&format!(r#"{{"org_id":"{id}","mode":[1]}}"#)), Ok(id));
        for (body, message) in [
            ("", "org_id is required"),
            (r#"{"org_id":null}"#, "org_id is required"),
            (r#"{"org_id":7}"#, "org_id must be a string"),
            (r#"{"org_id":"acme"}"#, "org_id must be a UUID"),
            ("[", "the request body is not valid JSON"),
        ] {
            assert_eq!(read(body), Err(message.into()), "{body}");
        }
    }
}
