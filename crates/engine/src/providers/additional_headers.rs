//! Headers that a secret's metadata add to a request.

use std::fmt;

use keyholt_types::Metadata;
use serde_json::Value;

use super::fields::{object, text};
use super::header_text::{header_text, is_token};
use super::provider_type::ProviderType;
use super::unfit::Unfit;

/// A header of a secret's metadata. It may hold a key: its value does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct ExtraHeader {
    /// The name, in lower case: a token (RFC 9110, 5.6.2).
    pub name: Box<str>,
    /// Its value: visible ASCII and spaces; may be empty.
    pub value: Box<str>,
}

impl fmt::Debug for ExtraHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExtraHeader({}: **)", self.name)
    }
}

/// Headers that are not for a secret to set: credentials, the host, framing, what belongs to one connection
/// (RFC 9110, 7.6.1), who sent the request, and the encoding of the answer, which is read for leaked values.
const DENIED: &[&str] = &[
    "accept-encoding",
    "api-key",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-api-key",
    "x-goog-api-key",
    "x-real-ip",
];
const DENIED_FRONTS: &[&str] = &["proxy-", "x-forwarded-"];

/// The headers that a secret's metadata add: `additionalHeaders`, and OpenAI's `organization_id`.
///
/// # Errors
/// When one is no header, or is not for a secret to set.
pub fn additional_headers(
    provider: ProviderType,
    metadata: Option<&Metadata>,
) -> Result<Vec<ExtraHeader>, Unfit> {
    let object = object(metadata);
    let mut headers = Vec::new();
    if let Some(organization) = text(&object, "organization_id").filter(|_| provider == ProviderType::OpenAi) {
        let problem = "must be visible ASCII and spaces";
        let value = header_text(organization).ok_or(Unfit::Metadata { field: "organization_id", problem })?;
        headers.push(ExtraHeader { name: "openai-organization".into(), value: value.into() });
    }
    let added = object.get("additionalHeaders").and_then(Value::as_object);
    for (name, value) in added.into_iter().flatten() {
        if !is_token(name) {
            return Err(Unfit::HeaderName);
        }
        let name = name.to_ascii_lowercase();
        if is_denied(&name) {
            return Err(Unfit::HeaderDenied);
        }
        let value = value.as_str().and_then(header_text).ok_or(Unfit::HeaderValue)?;
        headers.push(ExtraHeader { name: name.into(), value: value.into() });
    }
    Ok(headers)
}

fn is_denied(name: &str) -> bool {
    // Servers that hand headers on as variables do not tell the two apart (design/security.md C).
    let name = name.replace('_', "-");
    DENIED.contains(&&*name) || DENIED_FRONTS.iter().any(|front| name.starts_with(front))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples;
    use super::*;

    fn headers(kind: &str, object: Value) -> Result<Vec<String>, Unfit> {
        let provider = ProviderType::parse(kind).unwrap();
        let headers = additional_headers(provider, samples::metadata(object).as_ref())?;
        Ok(headers.iter().map(|header| format!("{}: {}", header.name, header.value)).collect())
    }

    #[test]
    fn headers_of_the_metadata_are_added() {
        let object = json!({"additionalHeaders": {"X-Title": "Acme \r\n", "HTTP-Referer": "https://acme.example", "x": ""}});
        let expected = ["http-referer: https://acme.example", "x-title: Acme", "x: "].map(String::from);
        let mut found = headers("openrouter", object).unwrap();
        found.sort_by_key(|header| std::cmp::Reverse(header.len()));
        assert_eq!(found, expected);
        for none in
            [json!(null), json!({}), json!({"additionalHeaders": null}), json!({"additionalHeaders": {}})]
        {
            assert_eq!(headers("groq", none), Ok(Vec::new()));
        }
    }

    #[test]
    fn an_organization_of_openai_is_a_header() {
        let object = || json!({"organization_id": "org-1"});
        assert_eq!(headers("openai", object()), Ok(vec!["openai-organization: org-1".to_owned()]));
        assert_eq!(headers("groq", object()), Ok(Vec::new()));
        assert_eq!(headers("openai", json!({"organization_id": ""})), Ok(Vec::new()));
        assert!(headers("openai", json!({"organization_id": "a\r\nx: y"})).is_err());
    }

    #[test]
    fn headers_that_are_not_for_a_secret_to_set_are_refused() {
        let others = "Authorization X-API-Key x_api_key Api_Key TRANSFER_ENCODING Proxy-Authorization \
                      proxy-authenticate Proxy-Connection proxy_x X-Forwarded-For x-forwarded-host X_Forwarded_Proto";
        for name in DENIED.iter().copied().chain(others.split_whitespace()) {
            let found = headers("groq", json!({"additionalHeaders": {name: "x"}}));
            assert_eq!(found, Err(Unfit::HeaderDenied), "{name}");
        }
        for name in
            ["x-key", "anthropic-beta", "openai-project", "hosts", "x-host", "teapot", "user-agent", "xproxy-"]
        {
            assert!(headers("groq", json!({"additionalHeaders": {name: "x"}})).is_ok(), "{name}");
        }
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for name in ["", "a b", "a:", "a\r\n", "ä"] {
            assert_eq!(
                headers("groq", json!({"additionalHeaders": {name: "x"}})),
                Err(Unfit::HeaderName),
                "{name:?}"
            );
        }
        for value in [json!("a\r\nb: c"), json!("ä"), json!("\0"), json!(1), json!(null)] {
            let found = headers("groq", json!({"additionalHeaders": {"x": value}}));
            assert_eq!(found, Err(Unfit::HeaderValue), "{value}");
        }
    }

    #[test]
    fn a_header_does_not_print_its_value() {
        let metadata = samples::metadata(json!({"additionalHeaders": {"X-Key": "canary-55aa"}}));
        let found = additional_headers(ProviderType::Groq, metadata.as_ref()).unwrap();
        assert_eq!(format!("{found:?}"), "[ExtraHeader(x-key: **)]");
    }
}
