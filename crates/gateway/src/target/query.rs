//! The query of a request.

use super::percent::decode;
use super::refused::TargetRefused;
use crate::names::{is_query_credential, is_query_destination};

/// A query that is passed on as it came, without its `?`.
#[derive(Clone, PartialEq, Eq)]
pub struct Query(Box<str>);

/// Prompts may be in a query: it is never printed.
impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Query(**)")
    }
}

impl Query {
    /// Checks a query's form and the names of its parameters.
    ///
    /// # Errors
    /// When it is not of visible ASCII or wrongly encoded, and when a parameter is a credential or would say where
    /// the request goes.
    pub fn parse(query: &str) -> Result<Self, TargetRefused> {
        if !query.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\')) {
            return Err(TargetRefused::Query);
        }
        // Some servers part parameters at `;` too.
        for pair in query.split(['&', ';']) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(&name.replace('+', " ")).ok_or(TargetRefused::Query)?;
            decode(value).ok_or(TargetRefused::Query)?;
            if is_query_credential(&name) {
                return Err(TargetRefused::QueryCredential);
            }
            if is_query_destination(&name) {
                return Err(TargetRefused::QueryDestination);
            }
        }
        Ok(Self(query.into()))
    }

    /// As it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queries_of_the_providers_are_taken_as_they_are() {
        for query in [
            "",
            "alt=sse",
            "api-version=2024-10-21",
            "pageSize=1&pageToken=abc%3D",
            "limit=20&order=desc&after=",
            "include[]=a&include[]=b",
            "q=a+b%20c",
            "a",
            "a=b=c",
            "url_encoded=1",
            "keys=1",
        ] {
            assert_eq!(Query::parse(query).unwrap().as_str(), query);
        }
    }

    #[test]
    fn a_credential_in_a_query_is_refused() {
        for query in [
            "key=a",
            "api_key=a",
            "api-key=a",
            "apiKey=a",
            "access_token=a",
            "token=a",
            "a=b&key=a",
            "KEY=a",
            "%6bey=a",
            "k%65y",
            "a;key=b",
            "x-api-key=a",
            "X-Goog-Api-Key=a",
            "subscription-key=a",
            "authorization=a",
            "key[]=a",
            "+key=a",
            "%00key=a",
        ] {
            assert_eq!(Query::parse(query), Err(TargetRefused::QueryCredential), "{query}");
        }
    }

    #[test]
    fn twenty_names_of_a_destination_are_refused() {
        for name in [
            "api_base",
            "apiBase",
            "api-base",
            "base_url",
            "baseUrl",
            "baseURL",
            "api_url",
            "api_host",
            "target",
            "target_url",
            "x-target",
            "upstream",
            "upstream_url",
            "endpoint",
            "endpoint_url",
            "url",
            "uri",
            "host",
            "hostname",
            "proxy",
            "proxy_url",
            "destination",
            "forward_to",
            "redirect_uri",
            "callback",
            "azure_endpoint",
            "openai_api_base",
            "%61pi_base",
            "api_base[0]",
            "base+url",
        ] {
            for query in [format!("{name}=https://evil.example"), format!("a=b&{name}"), format!("a;{name}=c")]
            {
                assert_eq!(Query::parse(&query), Err(TargetRefused::QueryDestination), "{query}");
            }
        }
    }

    #[test]
    fn a_query_that_may_be_read_in_two_ways_is_refused() {
        for query in ["a=%", "a=%zz", "%f=1", "a=%ff", "a#b", "a b", "a=\u{e9}", "a=\n", "a\\b", "a\tb"] {
            assert_eq!(Query::parse(query), Err(TargetRefused::Query), "{query}");
        }
    }

    #[test]
    fn a_query_is_not_printed() {
        assert_eq!(format!("{:?}", Query::parse("q=private").unwrap()), "Query(**)");
    }
}
