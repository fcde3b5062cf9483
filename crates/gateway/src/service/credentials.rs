//! `POST /v1/proxy/credentials`: a credential for a short time (design/decisions.md 24).

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response};
use keyholt_engine::Engine;
use keyholt_types::Caller;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer_body::GatewayBody;
use super::upload::Upload;
use crate::refusal::Refusal;

/// What is asked for. The AI proxy's clients send more fields, which mean nothing here.
#[derive(Default, Deserialize, ToSchema)]
struct NewCredential {
    /// The only model that it may be used for; without one, all that its maker may use.
    #[schema(min_length = 1, max_length = 1024)]
    model: Option<String>,
    /// How long it lasts, in seconds.
    #[schema(minimum = 1, maximum = 86400, default = 600)]
    ttl_seconds: Option<i64>,
}

/// What was made.
#[derive(Serialize, ToSchema)]
struct MadeCredential<'a> {
    /// The credential, which is shown this once.
    key: &'a str,
}

/// How long a credential lasts when nothing is said of it, in seconds.
const TTL_SECONDS: i64 = 600;

/// Makes a credential.
///
/// # Errors
/// 400 for a body that is not as it must be, 403 when the caller may not use or shows such a credential already.
#[utoipa::path(
    post,
    path = "/v1/proxy/credentials",
    tag = "Gateway",
    operation_id = "createCredential",
    summary = "Make a credential for a short time",
    description = "For the gateway alone, for one model if it is named, and ended with the API key that made it. An \
                   empty body asks for one for all models for 600 seconds.",
    request_body = Option<NewCredential>,
    security(("bearerAuth" = []), ("anthropicApiKey" = []), ("googleApiKey" = [])),
    responses(
        (status = 200, description = "The credential", body = MadeCredential<'static>),
        (status = 400, description = "The body is not as it must be"),
        (status = 401, description = "There is no valid API key"),
        (status = 403, description = "The API key may not use values, or is such a credential itself"),
        (status = 429, description = "There were too many requests; `Retry-After` says when there may be more"),
    )
)]
pub(super) async fn make(
    engine: &Engine,
    caller: &Caller,
    upload: Upload,
) -> Result<Response<GatewayBody>, Refusal> {
    let Upload::Whole(body, _) = upload else { return Err(Refusal::TooLarge) };
    let NewCredential { model, ttl_seconds } = if body.trim_ascii().is_empty() {
        NewCredential::default()
    } else {
        let problem = "The request body must be a JSON object with model, a string, and ttl_seconds, a number";
        // Serde would take a list for an object whose fields stand in this order.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(Refusal::Json(problem));
        }
        serde_json::from_slice(&body).map_err(|_| Refusal::Json(problem))?
    };
    let ttl_seconds = ttl_seconds.unwrap_or(TTL_SECONDS);
    if !(1..=Engine::LONGEST_CREDENTIAL).contains(&ttl_seconds) {
        return Err(Refusal::Json("ttl_seconds must be 1 to 86400"));
    }
    if model.as_deref().is_some_and(|model| model.is_empty() || model.len() > 1024) {
        return Err(Refusal::Json("model must have 1 to 1024 bytes"));
    }
    let token = engine.create_credential(caller, model.map(Into::into), ttl_seconds).await?;
    #[expect(
        clippy::disallowed_methods,
        reason = "EXPOSE: the credential is given to whom it was made for, this once"
    )]
    let made = MadeCredential { key: token.expose() };
    let body = serde_json::to_vec(&made).map_err(|_| Refusal::Internal)?;
    let mut response = Response::new(GatewayBody::own(Bytes::from(body)));
    let json = HeaderValue::from_static("application/json");
    *response.headers_mut() = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
    Ok(response)
}
