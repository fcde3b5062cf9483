//! Cross-origin requests: only for origins that the operator lists, never for all
//! (wire/braintrust.md 5.4).

use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue};

use crate::state::ApiSettings;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, x-api-key, x-bt-auth-token, x-bt-org-name, x-bt-project-id, x-bt-parent, \
     x-bt-stream-fmt, x-bt-use-cache, x-bt-use-gateway, x-stainless-os, x-stainless-lang, \
     x-stainless-package-version, x-stainless-runtime, x-stainless-runtime-version, x-stainless-arch, \
     x-stainless-retry-count",
);
const EXPOSED: HeaderValue =
    HeaderValue::from_static("x-bt-found-existing, x-bt-internal-trace-id, x-request-id, retry-after");

/// Answers a browser's question about the list
#[utoipa::path(
    options,
    path = "/v1/ai_secret",
    tag = "CORS",
    operation_id = "optionsAiSecret",
    security(()),
    responses((status = 200, description = "Response for CORS method"))
)]
pub(super) async fn preflight() -> Response {
    allowed()
}

/// Answers a browser's question about one AI secret, whatever the id
#[utoipa::path(
    options,
    path = "/v1/ai_secret/{ai_secret_id}",
    tag = "CORS",
    operation_id = "optionsAiSecretId",
    params(("ai_secret_id" = String, Path, description = "Not looked at")),
    security(()),
    responses((status = 200, description = "Response for CORS method"))
)]
pub(super) async fn preflight_by_id() -> Response {
    allowed()
}

fn allowed() -> Response {
    let mut response = Response::default();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    response
}

/// The origin of a request to this room, if it is listed.
pub(crate) fn listed_origin(settings: &ApiSettings, path: &str, headers: &HeaderMap) -> Option<HeaderValue> {
    let (origins, rest) = (&settings.cors_origins, path.strip_prefix("/v1/ai_secret")?);
    if origins.is_empty() || !(rest.is_empty() || rest.starts_with('/')) {
        return None;
    }
    headers
        .get(ORIGIN)
        .filter(|origin| origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes()))
        .cloned()
}

/// Lets a listed origin read an answer.
pub(crate) fn admit(origin: HeaderValue, headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.insert(VARY, HeaderValue::from_static("Origin"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(path: &str, origin: &str) -> bool {
        let settings = ApiSettings { cors_origins: vec!["https://a.example".into()], ..ApiSettings::default() };
        let headers = HeaderMap::from_iter([(ORIGIN, origin.parse().unwrap())]);
        listed_origin(&settings, path, &headers).is_some()
    }

    #[test]
    fn only_listed_origins_and_only_this_room() {
        assert!(listed("/v1/ai_secret", "https://a.example"));
        assert!(listed("/v1/ai_secret/x", "https://a.example"));
        for origin in
            ["https://b.example", "http://a.example", "https://a.example:443", "*", "null", "HTTPS://A.example"]
        {
            assert!(!listed("/v1/ai_secret", origin), "{origin}");
        }
        for path in ["/v1/ai_secrets", "/api/secret", "/v1/deployments/secrets", "/"] {
            assert!(!listed(path, "https://a.example"), "{path}");
        }
    }

    #[test]
    fn nobody_is_listed_by_default() {
        let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("https://a.example"))]);
        assert_eq!(listed_origin(&ApiSettings::default(), "/v1/ai_secret", &headers), None);
    }
}
