//! `GET /v1/deployments/secrets`: list, all in one answer (wire/together.md 3.1).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::Operation;
use utoipa::ToSchema;

use super::refusals::{MAY_NOT_READ, refusal};
use super::secret::Secret;
use crate::auth::Authenticated;
use crate::listing;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// All secrets of a project.
#[derive(ToSchema)]
#[schema(as = ProjectSecretList)]
#[expect(dead_code, reason = "describes the answer, which is streamed")]
pub(super) struct SecretList {
    /// `list`.
    object: String,
    /// The secrets, oldest first.
    data: Vec<Secret<'static>>,
}

/// List all secrets of the API key's project, oldest first; never their values.
#[utoipa::path(
    get,
    path = "/",
    tag = "Project secrets",
    operation_id = "listProjectSecrets",
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The secrets", body = SecretList), Refusals)
)]
pub(super) async fn list(State(app): State<AppState>, caller: Authenticated) -> Result<Response, Refusal> {
    let caller = caller.require(Operation::ReadSecrets, MAY_NOT_READ)?;
    let refusal = |error| refusal(error, MAY_NOT_READ);
    let list = app.engine.list_project_secrets(&caller).await.map_err(refusal)?;
    let write = |text: &mut Vec<u8>, listed: &_| listing::write_open::<Secret<'_>>(text, listed);
    listing::answer(list, r#"{"object":"list","data":["#, write, "]}").await.map_err(refusal)
}
