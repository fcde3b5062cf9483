//! What `{id}` in a path stands for (wire/together.md 3.6).

use std::convert::Infallible;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

/// The id or name that a path asks for. Percent-decoded exactly once and otherwise as it was sent:
/// slashes belong to names, and no segment is removed, merged or trimmed.
///
/// Every path gives one. What cannot be decoded is taken for `%`, which no id and no name has, so it
/// takes the way of every key that nothing is found by, past the same checks.
pub(super) struct SecretKey(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for SecretKey {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let matched = RawPathParams::from_request_parts(parts, state).await;
        let key = matched.ok().and_then(|matched| matched.iter().next().map(|(_, key)| key.to_owned()));
        Ok(Self(key.unwrap_or_else(|| "%".to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http::Request;
    use http_body_util::BodyExt;
    use keyholt_types::{ProjectSecretName, SecretId};
    use tower::ServiceExt;

    use super::*;

    /// What is looked for when this follows the collection's path; none when the router refuses it.
    async fn key(rest: &str) -> Option<String> {
        let collection = Router::new().route("/{*id}", get(async |SecretKey(key): SecretKey| key));
        let router = Router::new().nest("/v1/deployments/secrets", collection);
        let request = Request::get(format!("/v1/deployments/secrets{rest}")).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status == 200).then(|| String::from_utf8(body.to_vec()).unwrap())
    }

    fn can_be_found(key: &str) -> bool {
        SecretId::parse(key).is_some() || ProjectSecretName::parse(key).is_ok()
    }

    /// The table of wire/together.md 3.6.
    #[tokio::test]
    async fn a_key_is_the_whole_rest_of_the_path_decoded_once() {
        for (rest, looked_for) in [
            ("/team%2Fkey", "team/key"),
            ("/team%2fkey", "team/key"),
            ("/team/key", "team/key"),
            ("/%41-z?x=/y", "A-z"),
            ("/a/deployments/secrets/b", "a/deployments/secrets/b"),
            ("/01A1D9ED-C200-781F-A8E2-5D940ED90475", "01A1D9ED-C200-781F-A8E2-5D940ED90475"),
        ] {
            let key = key(rest).await.unwrap();
            assert_eq!(key, looked_for);
            assert!(can_be_found(&key), "{rest}");
        }
    }

    #[tokio::test]
    async fn what_no_secret_can_be_called_finds_none() {
        for (rest, looked_for) in [
            ("/a%252Fb", "a%2Fb"),
            ("/a+b", "a+b"),
            ("/a%20b", "a b"),
            ("/%zz", "%zz"),
            ("/a%2Fb%", "a/b%"),
            ("/%ff", "%"),
            ("/%C0%AF", "%"),
            ("/%00", "\0"),
            ("/team/", "team/"),
            ("//x", "/x"),
            ("//", "/"),
            ("/a/../b", "a/../b"),
            ("/a%2F..%2Fb", "a/../b"),
            ("/%2e%2e", ".."),
            ("/..", ".."),
            ("/%D0%BA", "к"),
        ] {
            let key = key(rest).await.unwrap();
            assert_eq!(key, looked_for);
            assert!(!can_be_found(&key), "{rest}");
        }
    }

    #[tokio::test]
    async fn an_empty_key_leads_nowhere() {
        assert_eq!(key("/").await, None);
        assert_eq!(key("/?x=y").await, None);
    }
}
