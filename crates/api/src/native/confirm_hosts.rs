//! `POST secrets/{id}/confirm-hosts`: a value may be sent to where its secret says now.

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::Operation;
use keyholt_types::SecretId;

use super::page::{PathId, parse_id};
use super::refusals::require;
use super::secret::Secret;
use super::secrets::TEXTS;
use crate::answer;
use crate::auth::Authenticated;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// Bind a secret's value to the hosts that the secret names now.
///
/// A value is bound to its hosts when it is written. After a change of these it is sent nowhere until it is written
/// anew, or bound anew with this, which takes the rights `write` and `reveal`.
#[utoipa::path(
    post,
    path = "/secrets/{id}/confirm-hosts",
    tag = "Secrets",
    operation_id = "confirmHosts",
    params(("id" = String, Path, format = "uuid", description = "The secret's id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The secret as it is now", body = Secret), Refusals)
)]
pub(super) async fn confirm_hosts(
    State(app): State<AppState>,
    caller: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::RevealSecrets)?;
    let confirmed = app.engine.confirm_hosts(&caller, parse_id(id, SecretId::parse)?).await;
    Ok(answer::json(&Secret::from(confirmed.map_err(|error| TEXTS.refusal(error))?)))
}
