//! `GET /v1/deployments/secrets/{id}`: read (wire/together.md 3.3).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::Operation;

use super::path::SecretKey;
use super::refusals::{MAY_NOT_READ, refusal};
use super::secret::Secret;
use crate::answer;
use crate::auth::Authenticated;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// Read a secret of the API key's project by its id or name; never its value.
#[utoipa::path(
    get,
    path = "/{*id}",
    tag = "Project secrets",
    operation_id = "findProjectSecret",
    params(("id" = String, Path, description = "The secret's id or name; slashes may stand as they are")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The secret", body = Secret), Refusals)
)]
pub(super) async fn find(
    State(app): State<AppState>,
    caller: Authenticated,
    SecretKey(key): SecretKey,
) -> Result<Response, Refusal> {
    let caller = caller.require(Operation::ReadSecrets, MAY_NOT_READ)?;
    let found = app.engine.find_project_secret(&caller, &key).await;
    let secret = found.map_err(|error| refusal(error, MAY_NOT_READ))?;
    Ok(answer::json(&Secret::from(&secret)))
}
