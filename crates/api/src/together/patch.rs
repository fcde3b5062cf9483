//! `PATCH /v1/deployments/secrets/{id}`: update (wire/together.md 3.4).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{MetadataPatch, Operation, SecretPatch};
use keyholt_types::Patch;
use utoipa::ToSchema;

use super::fields::SecretFields;
use super::path::SecretKey;
use super::refusals::{MAY_NOT_CHANGE, refusal};
use super::secret::Secret;
use crate::answer;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// What to change of a project's secret; what is absent or null stays. Other fields are ignored.
#[derive(ToSchema)]
#[schema(as = ProjectSecretPatch)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct SecretPatchBody {
    /// A new name: 1 to 100 letters, digits, `_`, `-`, `.` and `/`, without an empty, `.` or `..` segment between slashes,
    /// not shaped like a UUID.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_./-]+$")]
    name: Option<String>,
    /// A new value, 1 byte to 64 KiB of UTF-8, kept byte for byte and shown nowhere.
    #[schema(min_length = 1, write_only)]
    value: Option<String>,
    #[schema(max_length = 500)]
    description: Option<String>,
    /// A new time to live, from now: 1 to 14 days. A new value alone restarts the one that it has.
    #[schema(minimum = 86400, maximum = 1_209_600)]
    ttl_seconds: Option<i64>,
}

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
    let caller = caller.require(Operation::WriteSecrets, MAY_NOT_CHANGE)?;
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
