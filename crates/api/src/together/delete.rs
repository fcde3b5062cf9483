//! `DELETE /v1/deployments/secrets/{id}`: delete (wire/together.md 3.5).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::Operation;
use serde_json::json;

use super::path::SecretKey;
use super::refusals::{MAY_NOT_CHANGE, refusal};
use crate::answer;
use crate::auth::Authenticated;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// Delete a secret of the API key's project by its id or name.
#[utoipa::path(
    delete,
    path = "/{*id}",
    tag = "Project secrets",
    operation_id = "deleteProjectSecret",
    params(("id" = String, Path, description = "The secret's id or name; slashes may stand as they are")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "An empty object", body = Object), Refusals)
)]
pub(super) async fn delete(
    State(app): State<AppState>,
    caller: Authenticated,
    SecretKey(key): SecretKey,
) -> Result<Response, Refusal> {
    let caller = caller.require(Operation::WriteSecrets, MAY_NOT_CHANGE)?;
    let deleted = app.engine.delete_project_secret(&caller, &key).await;
    deleted.map_err(|error| refusal(error, MAY_NOT_CHANGE))?;
    Ok(answer::json(&json!({})))
}
