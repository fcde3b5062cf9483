//! `DELETE /v1/ai_secret/{ai_secret_id}` (wire/braintrust.md 3.7).

use axum::extract::State;
use axum::response::Response;

use super::refusals::{refusal, writer};
use super::secret::{AiSecret, answer};
use super::secret_id::AiSecretId;
use crate::auth::Authenticated;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// Delete ai_secret
#[utoipa::path(
    delete,
    path = "/v1/ai_secret/{ai_secret_id}",
    tag = "AiSecrets",
    operation_id = "deleteAiSecretId",
    params(("ai_secret_id" = String, Path, format = "uuid", description = "AiSecret id")),
    security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "Returns the deleted ai_secret object", body = AiSecret),
        Refusals,
    )
)]
pub(super) async fn delete(
    State(app): State<AppState>,
    authenticated: Authenticated,
    id: AiSecretId,
) -> Result<Response, Refusal> {
    let caller = writer(authenticated)?;
    let deleted = app.engine.delete_secret(&caller, id.parse()?).await.map_err(refusal)?;
    Ok(answer(&deleted))
}
