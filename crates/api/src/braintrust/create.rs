//! `POST /v1/ai_secret` (wire/braintrust.md 3.2).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::OrgChoice;

use super::refusals::{refusal, writer};
use super::secret::{AiSecret, answer_written};
use super::write_body::{CreateAiSecret, WriteBody};
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// Create ai_secret
///
/// If there is an existing ai_secret with the same name, returns the existing ai_secret unmodified.
#[utoipa::path(
    post,
    path = "/v1/ai_secret",
    tag = "AiSecrets",
    operation_id = "postAiSecret",
    request_body = Option<CreateAiSecret>,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns the new ai_secret object", body = AiSecret), Refusals)
)]
pub(super) async fn create(
    State(app): State<AppState>,
    authenticated: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = writer(authenticated)?;
    let WriteBody { org_name, secret } = WriteBody::parse(&body.read().await?)?;
    let org = OrgChoice::from_option(org_name.as_deref());
    let written = app.engine.create_secret(&caller, org, secret).await.map_err(refusal)?;
    Ok(answer_written(&written))
}
