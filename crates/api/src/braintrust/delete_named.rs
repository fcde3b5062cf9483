//! `DELETE /v1/ai_secret` (wire/braintrust.md 3.4).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::OrgChoice;
use keyholt_types::SecretName;
use utoipa::ToSchema;

use super::refusals::{refusal, writer};
use super::secret::{AiSecret, answer};
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::fields::{Fields, required};
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// Describes the body.
#[derive(ToSchema)]
#[schema(as = DeleteAISecret)]
#[expect(dead_code, reason = "only its description is used")]
struct DeleteAiSecret {
    /// Name of the AI secret
    #[schema(min_length = 1, max_length = 256)]
    name: String,
    /// The organization, for API keys that belong to several
    org_name: Option<String>,
}

/// Delete single ai_secret
#[utoipa::path(
    delete,
    path = "/v1/ai_secret",
    tag = "AiSecrets",
    operation_id = "deleteAiSecret",
    request_body = Option<DeleteAiSecret>,
    security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "Returns the deleted ai_secret object", body = AiSecret),
        Refusals,
    )
)]
pub(super) async fn delete_named(
    State(app): State<AppState>,
    authenticated: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = writer(authenticated)?;
    let mut fields = Fields::parse_optional(&body.read().await?, &["name", "org_name"])?;
    let name = required("name", fields.take_parsed("name", SecretName::parse)?)?;
    let org_name = fields.take_string("org_name")?;
    let org = OrgChoice::from_option(org_name.as_deref());
    let deleted = app.engine.delete_secret_named(&caller, org, name.as_str()).await.map_err(refusal)?;
    Ok(answer(&deleted))
}
