//! `GET /v1/ai_secret/{ai_secret_id}` (wire/braintrust.md 3.5).

use axum::extract::State;
use axum::response::Response;

use super::refusals::{reader, refusal};
use super::secret::{AiSecret, answer};
use super::secret_id::AiSecretId;
use crate::auth::Authenticated;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// Get ai_secret
#[utoipa::path(
    get,
    path = "/v1/ai_secret/{ai_secret_id}",
    tag = "AiSecrets",
    operation_id = "getAiSecretId",
    params(("ai_secret_id" = String, Path, format = "uuid", description = "AiSecret id")),
    security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "Returns the ai_secret object", body = AiSecret),
        Refusals,
    )
)]
pub(super) async fn find(
    State(app): State<AppState>,
    authenticated: Authenticated,
    id: AiSecretId,
) -> Result<Response, Refusal> {
    let caller = reader(authenticated)?;
    let secret = app.engine.find_secret(&caller, id.parse()?).await.map_err(refusal)?;
    Ok(answer(&secret))
}
