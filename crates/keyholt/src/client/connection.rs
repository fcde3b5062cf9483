//! Requests to the native API.

use std::error::Error;
use std::time::Duration;

use anyhow::Result;
use keyholt_types::Credential;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};
use serde_json::Value;

use super::{ClientError, text};
use crate::config::UsageError;
use crate::output;

/// Records at a time when all are wanted: the most that the server gives.
const PAGE: usize = 1000;

/// A connection to one server, with one API key.
pub(crate) struct Connection {
    client: Client,
    base: Url,
    authorization: Option<HeaderValue>,
}

/// A list to be read: where, and which of its records.
pub(crate) struct Listing<'a> {
    /// The path below the API's prefix.
    pub(crate) path: &'a str,
    /// Filters; those that are none are left out.
    pub(crate) query: &'a [(&'a str, Option<&'a str>)],
    /// At most so many records.
    pub(crate) limit: usize,
}

impl<'a> Listing<'a> {
    /// All records of a list.
    pub(crate) fn all(path: &'a str, query: &'a [(&'a str, Option<&'a str>)]) -> Self {
        Self { path, query, limit: usize::MAX }
    }
}

impl Connection {
    /// Prepares a connection. Redirects are not followed, since they would take the API key along; for
    /// loopback addresses the proxies of the environment are left out.
    ///
    /// # Errors
    /// When the URL is not one of a server, or the key cannot be sent in a header.
    pub(crate) fn new(url: &str, credential: Option<Credential>) -> Result<Self> {
        let base = parse_base(url)?;
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(60))
            .user_agent(concat!("keyholt/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            builder = builder.no_proxy();
        } else if base.scheme() == "http" && credential.is_some() {
            output::note("warning: the API key goes over plain http, where others on the way can read it");
        }
        Ok(Self { client: builder.build()?, base, authorization: credential.as_ref().map(bearer).transpose()? })
    }

    /// Asks for an object.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, Option<&str>)]) -> Result<Value, ClientError> {
        self.send(Method::GET, path, query, None).await
    }

    /// Sends an object with this method: POST or PATCH.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub(crate) async fn send_body(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, ClientError> {
        self.send(method, path, &[], Some(body)).await
    }

    /// Deletes a record.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub(crate) async fn delete(
        &self,
        path: &str,
        query: &[(&str, Option<&str>)],
    ) -> Result<Value, ClientError> {
        self.send(Method::DELETE, path, query, None).await
    }

    /// Reads a list, page by page.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub(crate) async fn list(&self, listing: &Listing<'_>) -> Result<Vec<Value>, ClientError> {
        let mut objects: Vec<Value> = Vec::new();
        loop {
            let wanted = (listing.limit - objects.len()).min(PAGE);
            let (limit, after) = (wanted.to_string(), objects.last().map(|last| text(last, "id").to_owned()));
            let mut query = listing.query.to_vec();
            query.push(("limit", Some(&limit)));
            query.push(("starting_after", after.as_deref()));
            let mut page = self.get(listing.path, &query).await?;
            let Some(Value::Array(found)) = page.get_mut("objects").map(Value::take) else {
                return Err(ClientError::NotKeyholt { url: self.shown(), status: reqwest::StatusCode::OK });
            };
            let is_last = found.len() < wanted;
            objects.extend(found.into_iter().take(wanted));
            if is_last || objects.len() >= listing.limit {
                return Ok(objects);
            }
        }
    }

    /// The server, for people.
    pub(crate) fn shown(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, Option<&str>)],
        body: Option<&Value>,
    ) -> Result<Value, ClientError> {
        let mut request = self.client.request(method, self.url(path, query));
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| self.silence(&error))?;
        let status = response.status();
        let answer = response.bytes().await.map_err(|error| self.silence(&error))?;
        let answer: Option<Value> = serde_json::from_slice(&answer).ok().filter(Value::is_object);
        match answer {
            Some(answer) if status.is_success() => Ok(answer),
            Some(answer) if answer.get("error").is_some_and(Value::is_object) => Err(ClientError::Refused {
                status,
                code: answer.get("error").map(|error| text(error, "code").to_owned()).unwrap_or_default(),
                message: text(&answer, "message").to_owned(),
                had_key: self.authorization.is_some(),
            }),
            _ => Err(ClientError::NotKeyholt { url: self.shown(), status }),
        }
    }

    fn url(&self, path: &str, query: &[(&str, Option<&str>)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/keyholt/v1/{path}", self.base.path().trim_end_matches('/')));
        if query.iter().any(|(_, value)| value.is_some()) {
            let given = query.iter().filter_map(|(name, value)| Some((name, (*value)?)));
            url.query_pairs_mut().extend_pairs(given);
        }
        url
    }

    fn silence(&self, error: &reqwest::Error) -> ClientError {
        // The innermost cause is the one that says something, such as that a connection was refused.
        let innermost = std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source()).last();
        let problem = innermost.map_or_else(|| "the connection broke".to_owned(), ToString::to_string);
        ClientError::Unreachable {
            url: self.shown(),
            problem,
            timed_out: error.is_timeout() && !error.is_connect(),
        }
    }
}

fn parse_base(url: &str) -> Result<Url, UsageError> {
    let is_server = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    let parsed = Url::parse(url).ok().filter(is_server);
    parsed.ok_or_else(|| {
        UsageError("KEYHOLT_URL or --url must be a URL such as https://keyholt.example".to_owned())
    })
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: the API key is sent to the server that it belongs to")]
fn bearer(credential: &Credential) -> Result<HeaderValue> {
    let unusable = |_| UsageError("the API key has a character that cannot be sent in a header".to_owned());
    let mut value = HeaderValue::from_str(&format!("Bearer {}", credential.expose())).map_err(unusable)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(url: &str) -> Connection {
        Connection::new(url, None).unwrap()
    }

    #[test]
    fn paths_and_filters_are_put_behind_the_servers_url() {
        let query = [("name", Some("a&b=ключ")), ("type", None)];
        assert_eq!(
            connection("http://127.0.0.1:8787").url("secrets", &query).as_str(),
            "http://127.0.0.1:8787/keyholt/v1/secrets?name=a%26b%3D%D0%BA%D0%BB%D1%8E%D1%87"
        );
        let behind_a_proxy = connection("https://keyholt.example/vault/");
        assert_eq!(
            behind_a_proxy.url("whoami", &[]).as_str(),
            "https://keyholt.example/vault/keyholt/v1/whoami"
        );
    }

    #[test]
    fn only_a_servers_url_is_taken() {
        for wrong in ["", "keyholt", "ftp://a", "http://me:word@a", "http://a/?b", "file:///etc"] {
            let refused = Connection::new(wrong, None).err().unwrap().to_string();
            assert!(refused.contains("KEYHOLT_URL") && !refused.contains("word"), "{refused}");
        }
    }

    #[test]
    fn a_key_that_cannot_be_sent_is_not_repeated() {
        let refused = Connection::new("http://127.0.0.1", Some(Credential::new("very\nprivate".into())));
        assert!(!refused.err().unwrap().to_string().contains("private"));
    }

    #[test]
    fn loopback_is_told_from_elsewhere() {
        for (url, expected) in [
            ("http://127.0.0.1:1", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:8787", true),
            ("http://localhost", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
