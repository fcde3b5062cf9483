//! `GET /v1`: whether this is the right place (wire/braintrust.md 7.4).

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;

/// Say hello
///
/// Needs no API key; clients ask it to see whether the base URL is right.
#[utoipa::path(
    get,
    path = "/v1",
    tag = "Other",
    operation_id = "getHelloWorld",
    security(()),
    responses((status = 200, description = "Hello world string", content_type = "text/plain", body = String))
)]
pub(super) async fn hello() -> Response {
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    ([(CONTENT_TYPE, content_type)], "Hello, World!").into_response()
}
