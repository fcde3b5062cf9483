//! The base URL that clients are told to go on with (wire/braintrust.md 7.1).

use std::net::Ipv6Addr;

use axum::extract::FromRequestParts;
use http::header::HOST;
use http::request::Parts;

use crate::refusal::Refusal;
use crate::state::AppState;

/// The URL under which clients reach this server: the configured one, else that of the request. Never empty,
/// without a slash at its end.
pub(super) struct ApiUrl(pub(super) String);

impl FromRequestParts<AppState> for ApiUrl {
    type Rejection = Refusal;

    /// # Errors
    /// 400 when no URL is configured and the request names no host, or something else in its place.
    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Refusal> {
        if let Some(configured) = &app.settings.public_url {
            return Ok(Self(configured.clone()));
        }
        // A host in the target stands above the header (RFC 9112 3.2.2); under HTTP/2 it is `:authority`.
        let host = match parts.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => parts.headers.get(HOST).and_then(|host| host.to_str().ok()),
        };
        let host = host.filter(|host| is_host(host));
        let host = host.ok_or(Refusal::Request("the Host header must be a host name or address"))?;
        let scheme = if app.settings.has_tls { "https" } else { "http" };
        Ok(Self(format!("{scheme}://{host}")))
    }
}

/// `keyholt.example`, `192.0.2.1` or `[2001:db8::1]`, each with a port or without one. Anything else could make
/// another URL of what is put together with it.
fn is_host(text: &str) -> bool {
    if text.len() > 255 {
        return false;
    }
    if let Some(bracketed) = text.strip_prefix('[') {
        let Some((address, rest)) = bracketed.split_once(']') else { return false };
        let has_end = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
        return address.parse::<Ipv6Addr>().is_ok() && has_end;
    }
    match text.split_once(':') {
        Some((name, port)) => is_name(name) && is_port(port),
        None => is_name(text),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_a_port_or_without() {
        for right in
            ["a", "keyholt.example", "127.0.0.1:8787", "localhost:0", "[::1]", "[2001:db8::1]:65535", "a_b-c"]
        {
            assert!(is_host(right), "{right}");
        }
        let long = "a".repeat(256);
        for wrong in [
            "",
            ":80",
            "a:",
            "a:b",
            "a:65536",
            "a:+80",
            "a:80:80",
            "me@a",
            "a/b",
            "a?b",
            "a#b",
            "a b",
            "a\\b",
            "é.example",
            "::1",
            "[::1",
            "[a]",
            "[::1]80",
            "[::1]:",
            "[::1%25eth0]",
            &long,
        ] {
            assert!(!is_host(wrong), "{wrong}");
        }
    }
}
