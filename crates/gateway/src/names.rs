//! Names under which other gateways let a caller say where a request goes, or with which credential: refused, never
//! ignored (design/security.md C, LiteLLM CVE-2024-6587), so that whoever relies on one learns that it has no effect.

/// Refused wherever they stand: in the query, as headers, as fields of a body.
const DESTINATIONS: &[&str] = &[
    "anthropicapibase",
    "anthropicbaseurl",
    "apibase",
    "apibaseurl",
    "apiendpoint",
    "apihost",
    "apiurl",
    "awsbedrockruntimeendpoint",
    "azureendpoint",
    "baseuri",
    "baseurl",
    "customapibase",
    "destinationhost",
    "destinationurl",
    "endpointurl",
    "forwardto",
    "openaiapibase",
    "openaibaseurl",
    "openaiendpoint",
    "proxyhost",
    "proxyurl",
    "targethost",
    "targeturl",
    "upstream",
    "upstreambaseurl",
    "upstreamhost",
    "upstreamurl",
];

/// Refused in a query too. As fields of a body some of these are the providers' own: a batch has its `endpoint`.
const QUERY_DESTINATIONS: &[&str] = &[
    "callback",
    "dest",
    "destination",
    "endpoint",
    "forward",
    "host",
    "hostname",
    "proxy",
    "redirect",
    "redirecturi",
    "redirecturl",
    "target",
    "uri",
    "url",
];

/// Refused as headers too, with or without `X-` before them. `Host`, `Origin` and `X-Forwarded-Host` are other
/// people's business and merely not passed on.
const HEADER_DESTINATIONS: &[&str] = &[
    "destination",
    "endpoint",
    "forward",
    "originalurl",
    "proxy",
    "redirect",
    "rewriteurl",
    "target",
    "uri",
    "url",
];

/// Credentials that stand in a query: they end up in logs, and the provider would take them for its own.
const QUERY_CREDENTIALS: &[&str] = &[
    "accesstoken",
    "apikey",
    "auth",
    "authorization",
    "authtoken",
    "bearertoken",
    "key",
    "oauthtoken",
    "subscriptionkey",
    "token",
    "xapikey",
    "xgoogapikey",
];

/// Credentials that stand in a body.
const BODY_CREDENTIALS: &[&str] = &["accesstoken", "apikey", "apitoken", "azureadtoken", "bearertoken"];

/// Whether a field at the top of a JSON body would say where the request goes, or with which credential: `api_base`,
/// `baseURL`, `api-key` and the like, however they are spelled.
#[must_use]
pub fn refuses_body_field(name: &str) -> bool {
    let name = bare(name);
    let name = name.as_str();
    DESTINATIONS.contains(&name) || BODY_CREDENTIALS.contains(&name)
}

/// Whether a query's parameter would say where the request goes.
pub(crate) fn is_query_destination(name: &str) -> bool {
    let name = bare(name);
    let name = without_x(&name);
    DESTINATIONS.contains(&name) || QUERY_DESTINATIONS.contains(&name)
}

/// Whether a query's parameter is a credential.
pub(crate) fn is_query_credential(name: &str) -> bool {
    QUERY_CREDENTIALS.contains(&bare(name).as_str())
}

/// Whether a header would say where the request goes.
pub(crate) fn is_header_destination(name: &str) -> bool {
    let name = bare(name);
    let plain = without_x(&name);
    DESTINATIONS.contains(&plain) || HEADER_DESTINATIONS.contains(&plain) || name == "xhost"
}

/// Without what spellings differ in: case, `-`, `_`, `.`, and an index such as `[0]` at the end.
fn bare(name: &str) -> String {
    let name = name.split('[').next().unwrap_or_default();
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn without_x(name: &str) -> &str {
    name.strip_prefix('x').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_refused_however_it_is_spelled() {
        for name in
            ["api_base", "apiBase", "API-BASE", "api.base", "base_url", "baseURL", "upstream[0]", "_api_base"]
        {
            assert!(refuses_body_field(name), "{name}");
            assert!(is_query_destination(name), "{name}");
            assert!(is_header_destination(name), "{name}");
            assert!(is_header_destination(&format!("x-{name}")), "{name}");
        }
    }

    #[test]
    fn what_the_providers_own_apis_use_is_let_through() {
        for name in [
            "model",
            "messages",
            "input",
            "endpoint",
            "url",
            "tools",
            "metadata",
            "target",
            "host",
            "key",
            "token",
            "max_tokens",
            "webhook",
            "store",
            "user",
            "",
        ] {
            assert!(!refuses_body_field(name), "{name}");
        }
        for name in [
            "api-version",
            "alt",
            "pageSize",
            "pageToken",
            "limit",
            "after",
            "order",
            "include[]",
            "purpose",
            "",
            "x",
        ] {
            assert!(!is_query_destination(name) && !is_query_credential(name), "{name}");
        }
        for name in ["host", "origin", "x-forwarded-host", "x-forwarded-for", "content-type", "x-request-id"] {
            assert!(!is_header_destination(name), "{name}");
        }
    }

    #[test]
    fn the_lists_are_in_order_and_in_the_spelling_that_is_compared() {
        for list in [DESTINATIONS, QUERY_DESTINATIONS, HEADER_DESTINATIONS, QUERY_CREDENTIALS, BODY_CREDENTIALS]
        {
            assert!(list.is_sorted(), "{list:?}");
            assert!(list.iter().all(|name| bare(name) == *name), "{list:?}");
        }
    }
}
