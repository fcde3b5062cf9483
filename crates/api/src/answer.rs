//! Successful answers: always 200 with a JSON body.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use zeroize::Zeroizing;

/// The content type of every JSON answer.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// 200 with this as its JSON body.
pub(crate) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => json_body(Body::from(text)),
        // Only a map with keys that are no texts, or an io error, could make this happen.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// 200 with this as its JSON body, which holds values: it is wiped once it has been sent. What is outgrown while it is
/// written is wiped by the program's allocator.
///
/// # Errors
/// As [`json`]: for what is no JSON, which would be a fault of ours.
pub(crate) fn json_with_values(value: &impl Serialize) -> serde_json::Result<Response> {
    let mut text = Zeroizing::new(Vec::new());
    serde_json::to_writer(&mut *text, value)?;
    Ok(json_body(Body::from(Bytes::from_owner(text))))
}

/// 200 with a body that is JSON already.
pub(crate) fn json_body(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}
