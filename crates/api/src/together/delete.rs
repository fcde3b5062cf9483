//! `DELETE /v1/deployments/secrets/{id}`: delete (wire/together.md 3.5).

use axum::extract::State;
use axum::response::Response;
use keyholt_types::Right;
use serde_json::json;

use super::path::SecretKey;
use super::refusals::{MAY_NOT_CHANGE, refusal};
use crate::answer;
use crate::auth::Authenticated;
use crate::refusal::Refusal;
use crate::state::AppState;

/// Delete a secret of the API key's project by its id or name.
#[utoipa::path(delete, path = "/{*id}", operation_id = "delete_deployment_secret", responses((status = 200)))]
pub(super) async fn delete(
    State(state): State<AppState>,
    caller: Authenticated,
    SecretKey(key): SecretKey,
) -> Result<Response, Refusal> {
    let caller = caller.require(Right::Write, MAY_NOT_CHANGE)?;
    let deleted = state.engine.delete_project_secret(&caller, &key).await;
    deleted.map_err(|error| refusal(error, MAY_NOT_CHANGE))?;
    Ok(answer::json(&json!({})))
}
