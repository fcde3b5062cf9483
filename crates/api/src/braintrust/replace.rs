//! `PUT /v1/ai_secret` (wire/braintrust.md 3.3).

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

/// Create or replace ai_secret
///
/// If there is an existing ai_secret with the same name, replaces it with the provided fields; a secret
/// that is not provided is kept.
#[utoipa::path(
    put,
    path = "/v1/ai_secret",
    tag = "AiSecrets",
    operation_id = "putAiSecret",
    request_body = Option<CreateAiSecret>,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns the new ai_secret object", body = AiSecret), Refusals)
)]
pub(super) async fn replace(
    State(app): State<AppState>,
    authenticated: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = writer(authenticated)?;
    let WriteBody { org_name, secret } = WriteBody::parse(&body.read().await?)?;
    let org = OrgChoice::from_option(org_name.as_deref());
    let written = app.engine.replace_secret(&caller, org, secret).await.map_err(refusal)?;
    Ok(answer_written(&written))
}
