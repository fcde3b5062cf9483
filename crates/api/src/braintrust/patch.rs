//! `PATCH /v1/ai_secret/{ai_secret_id}` (wire/braintrust.md 3.6).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{MetadataObject, MetadataPatch, SecretPatch};
use keyholt_types::{Patch, SecretName, SecretType};
use utoipa::ToSchema;

use super::refusals::{refusal, writer};
use super::secret::{AiSecret, answer};
use super::secret_id::AiSecretId;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::fields::Fields;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// Describes the body. A field that is absent or null is left as it is.
#[derive(ToSchema)]
#[schema(as = PatchAISecret)]
#[expect(dead_code, reason = "only its description is used")]
struct PatchAiSecret {
    /// Name of the AI secret
    #[schema(min_length = 1, max_length = 256)]
    name: Option<String>,
    /// The provider's type, such as `openai`
    #[schema(max_length = 128)]
    r#type: Option<String>,
    /// Is merged into the present metadata, object by object; a null in it is ignored
    #[schema(value_type = Option<Object>)]
    metadata: Option<()>,
    /// A new value, 1 byte to 64 KiB
    secret: Option<String>,
}

/// Partially update ai_secret
#[utoipa::path(
    patch,
    path = "/v1/ai_secret/{ai_secret_id}",
    tag = "AiSecrets",
    operation_id = "patchAiSecretId",
    params(("ai_secret_id" = String, Path, format = "uuid", description = "AiSecret id")),
    request_body = Option<PatchAiSecret>,
    security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "Returns the ai_secret object", body = AiSecret),
        Refusals,
    )
)]
pub(super) async fn patch(
    State(app): State<AppState>,
    authenticated: Authenticated,
    id: AiSecretId,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = writer(authenticated)?;
    let patch = parse(&body.read().await?)?;
    let secret = app.engine.patch_secret(&caller, id.parse()?, patch).await.map_err(refusal)?;
    Ok(answer(&secret))
}

pub(crate) fn parse(body: &[u8]) -> Result<SecretPatch, Refusal> {
    let mut fields = Fields::parse_optional(body, &["name", "type", "metadata", "secret"])?;
    let metadata = fields.take_object("metadata")?.map(MetadataObject);
    Ok(SecretPatch {
        name: fields.take_parsed("name", SecretName::parse)?,
        kind: Patch::keep_or_set(fields.take_parsed("type", SecretType::parse)?),
        metadata: metadata.map_or(MetadataPatch::Keep, MetadataPatch::Merge),
        description: None,
        value: fields.take_value("secret")?,
        ttl: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_or_null_is_kept() {
        for body in ["", "{}", r#"{"name":null,"type":null,"metadata":null,"secret":null,"org_name":7}"#] {
            let patch = parse(body.as_bytes()).unwrap_or_else(|refusal| panic!("{}", refusal.message()));
            assert!(patch.name.is_none() && patch.value.is_none(), "{body}");
            assert!(matches!((patch.kind, patch.metadata), (Patch::Keep, MetadataPatch::Keep)), "{body}");
        }
    }

    #[test]
    fn bounds_are_those_of_a_new_secret() {
        for (body, refusal) in [
            (r#"{"name":""}"#, "name must not be empty"),
            (r#"{"secret":""}"#, "secret must not be empty"),
            (r#"{"metadata":"x"}"#, "metadata must be an object"),
            (r#"{"type":1}"#, "type must be a string"),
        ] {
            assert_eq!(parse(body.as_bytes()).map(drop).unwrap_err().message(), refusal);
        }
    }
}
