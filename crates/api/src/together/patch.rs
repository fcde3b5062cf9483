//! `PATCH /v1/deployments/secrets/{id}`: update (wire/together.md 3.4).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{MetadataPatch, SecretPatch};
use keyholt_types::{Patch, Right};

use super::fields::SecretFields;
use super::path::SecretKey;
use super::refusals::{MAY_NOT_CHANGE, refusal};
use super::secret::Secret;
use crate::answer;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// Change a secret of the API key's project; what is not given stays.
#[utoipa::path(
    patch,
    path = "/{*id}",
    tag = "Project secrets",
    operation_id = "patchProjectSecret",
    params(("id" = String, Path, description = "The secret's id or name; slashes may stand as they are")),
    request_body = SecretPatchBody,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The secret as it is now", body = Secret), Refusals)
)]
pub(super) async fn patch(
    State(app): State<AppState>,
    caller: Authenticated,
    SecretKey(key): SecretKey,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = caller.require(Right::Write, MAY_NOT_CHANGE)?;
    let given = SecretFields::parse(&body.read().await?)?;
    let patched = app.engine.patch_project_secret(&caller, &key, secret_patch(given)).await;
    let secret = patched.map_err(|error| refusal(error, MAY_NOT_CHANGE))?;
    Ok(answer::json(&Secret::from(&secret)))
}

fn secret_patch(given: SecretFields) -> SecretPatch {
    SecretPatch {
        name: given.name.map(Into::into),
        kind: Patch::Keep,
        metadata: MetadataPatch::Keep,
        description: given.description,
        value: given.value,
        ttl: given.ttl,
    }
}
