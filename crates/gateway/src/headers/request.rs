//! Headers on their way to an upstream.

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};

use super::hop::Hop;
use crate::names::is_header_destination;

/// What is passed on. The caller's credential is not here, nor is what a provider takes as a choice of account or
/// project (`openai-organization`, `openai-project`, `x-goog-user-project`): a key may open several, and which one it
/// is for is told by the record, not by whoever may use it. Names with `_` are never passed on: to some servers
/// they are the same as those with `-`.
const PASSED: &[&str] = &[
    "accept",
    "accept-language",
    "anthropic-beta",
    "anthropic-version",
    "content-type",
    "idempotency-key",
    "openai-beta",
    "user-agent",
];

/// Why a request's headers are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderRefused {
    /// A header that would say where the request goes.
    #[error("a request cannot say where it goes: that is told by the secret")]
    Destination,
    /// A body that is compressed: the gateway reads the model from it, and passes its bytes on without this header.
    #[error("a compressed body is not supported")]
    Encoded,
    /// Two media types: the gateway and the upstream might choose differently.
    #[error("there is more than one content-type")]
    TwoTypes,
}

/// The headers of a request to an upstream, but for the credential and what the record adds. An answer that is not
/// compressed is asked for, since what is compressed cannot be scrubbed.
///
/// # Errors
/// For what is refused instead of dropped.
pub fn upstream_headers(given: &HeaderMap) -> Result<HeaderMap, HeaderRefused> {
    if given.keys().any(|name| is_header_destination(name.as_str())) {
        return Err(HeaderRefused::Destination);
    }
    if given.get_all(CONTENT_ENCODING).iter().any(|value| !is_identity(value)) {
        return Err(HeaderRefused::Encoded);
    }
    if given.get_all(CONTENT_TYPE).iter().count() > 1 {
        return Err(HeaderRefused::TwoTypes);
    }
    let hop = Hop::of(given);
    let mut passed = HeaderMap::with_capacity(PASSED.len() + 4);
    for (name, value) in given {
        if PASSED.contains(&name.as_str()) && !hop.has(name.as_str()) {
            passed.append(name.clone(), value.clone());
        }
    }
    passed.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(passed)
}

pub(super) fn is_identity(value: &HeaderValue) -> bool {
    let value = value.as_bytes().trim_ascii();
    value.is_empty() || value.eq_ignore_ascii_case(b"identity")
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&str, &str)| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        let mut map = HeaderMap::new();
        for (name, value) in lines.iter().map(line) {
            map.append(name, value);
        }
        map
    }

    fn passed(lines: &[(&str, &str)]) -> Vec<(String, String)> {
        let passed = upstream_headers(&headers(lines)).unwrap();
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        passed.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
    }

    #[test]
    fn what_is_on_the_list_is_passed_on() {
        for name in PASSED {
            assert!(passed(&[(name, "a")]).contains(&((*name).to_owned(), "a".to_owned())), "{name}");
        }
        let both = passed(&[("anthropic-beta", "a"), ("anthropic-beta", "b")]);
        assert_eq!(both.len(), 3, "{both:?}");
    }

    #[test]
    fn everything_else_is_dropped() {
        for name in [
            "authorization",
            "proxy-authorization",
            "cookie",
            "x-api-key",
            "api-key",
            "x-goog-api-key",
            "x_api_key",
            "API_KEY",
            "openai-organization",
            "openai-project",
            "x-goog-user-project",
            "forwarded",
            "via",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-real-ip",
            "x_forwarded_for",
            "cf-connecting-ip",
            "true-client-ip",
            "host",
            "content-length",
            "transfer-encoding",
            "te",
            "trailer",
            "connection",
            "keep-alive",
            "proxy-connection",
            "upgrade",
            "expect",
            "range",
            "origin",
            "referer",
            "x-stainless-os",
            "x-bt-endpoint-name",
            "x-bt-auth-token",
            "x-keyholt-anything",
            "traceparent",
            "date",
            "sec-fetch-mode",
            "x-http-method-override",
            "content_type",
            "anthropic_version",
            "x-amz-security-token",
        ] {
            let passed = passed(&[(name, "khk_private")]);
            assert_eq!(passed, [("accept-encoding".to_owned(), "identity".to_owned())], "{name}");
        }
    }

    #[test]
    fn what_connection_names_is_dropped_in_either_spelling() {
        for (connection, name) in [
            ("accept", "accept"),
            ("close, Anthropic-Beta", "anthropic-beta"),
            ("keep-alive,anthropic_beta ,x", "anthropic-beta"),
            ("CONTENT_TYPE", "content-type"),
        ] {
            let passed = passed(&[("connection", connection), (name, "a"), ("user-agent", "b")]);
            let names: Vec<&str> = passed.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names.len(), 2, "{connection}");
            assert!(!names.contains(&name), "{connection}");
        }
        let twice = passed(&[("connection", "a"), ("connection", "accept"), ("accept", "b")]);
        assert_eq!(twice.len(), 1);
    }

    #[test]
    fn an_answer_that_is_not_compressed_is_asked_for() {
        let passed = passed(&[("accept-encoding", "gzip"), ("accept-encoding", "br")]);
        assert_eq!(passed, [("accept-encoding".to_owned(), "identity".to_owned())]);
    }

    #[test]
    fn a_destination_is_refused() {
        for name in [
            "x-target",
            "x-target-url",
            "X-Target-Host",
            "x_target",
            "target",
            "x-upstream",
            "x-upstream-url",
            "upstream-host",
            "api-base",
            "api_base",
            "x-api-base",
            "base-url",
            "x-base-url",
            "x-openai-base-url",
            "x-endpoint",
            "x-proxy-url",
            "x-forward-to",
            "x-destination",
            "destination",
            "x-host",
            "x-original-url",
            "x-rewrite-url",
            "x-url",
            "proxy",
        ] {
            let refused = upstream_headers(&headers(&[(name, "https://evil.example")]));
            assert_eq!(refused, Err(HeaderRefused::Destination), "{name}");
        }
    }

    #[test]
    fn a_body_that_may_be_read_in_two_ways_is_refused() {
        let refused = |lines: &[(&str, &str)]| upstream_headers(&headers(lines)).unwrap_err();
        assert_eq!(refused(&[("content-encoding", "gzip")]), HeaderRefused::Encoded);
        assert_eq!(refused(&[("content-encoding", "identity, br")]), HeaderRefused::Encoded);
        assert_eq!(
            refused(&[("content-type", "text/plain"), ("content-type", "a/b")]),
            HeaderRefused::TwoTypes
        );
        assert_eq!(passed(&[("content-encoding", " Identity")]).len(), 1);
    }
}
