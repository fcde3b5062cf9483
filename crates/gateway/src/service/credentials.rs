//! `POST /v1/proxy/credentials`: a credential for a short time (design/decisions.md 24).

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response};
use keyholt_engine::Engine;
use keyholt_types::Caller;
use serde::Deserialize;
use serde_json::json;

use super::answer_body::GatewayBody;
use super::upload::Upload;
use crate::refusal::Refusal;

/// What is asked for. The AI proxy's clients send more fields, which mean nothing here.
#[derive(Default, Deserialize)]
struct NewCredential {
    /// The only model that it may be used for.
    model: Option<String>,
    /// How long it lasts, 1 to 86400.
    ttl_seconds: Option<i64>,
}

/// How long a credential lasts when nothing is said of it, in seconds.
const TTL_SECONDS: i64 = 600;

/// Makes a credential.
///
/// # Errors
/// 400 for a body that is not as it must be, 403 when the caller may not use or shows such a credential already.
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
    let body = json!({ "key": token.expose() }).to_string();
    let mut response = Response::new(GatewayBody::own(Bytes::from(body)));
    let json = HeaderValue::from_static("application/json");
    *response.headers_mut() = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
    Ok(response)
}
