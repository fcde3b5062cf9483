//! The target as a whole.

use http::{Method, Uri, Version};
use url::Url;

use super::query::Query;
use super::refused::TargetRefused;
use super::segments::Segments;

/// Whether a target has the form in which a server is asked (RFC 9112 3.2.1): a path. In HTTP/2 every request names
/// scheme and authority, which are not more than its `Host`.
///
/// # Errors
/// [`TargetRefused::Form`] for the forms in which a proxy is asked.
pub fn check_form(method: &Method, version: Version, uri: &Uri) -> Result<(), TargetRefused> {
    let is_absolute = uri.scheme().is_some() || uri.authority().is_some();
    let is_refused = method == Method::CONNECT
        || method == Method::TRACE
        || !uri.path().starts_with('/')
        || is_absolute && version != Version::HTTP_2;
    if is_refused { Err(TargetRefused::Form) } else { Ok(()) }
}

/// The URL of a request to an upstream: the record's own URL, then segment by segment what was asked for. Each segment
/// is encoded anew, so that none can end the path or go up in it.
///
/// # Errors
/// [`TargetRefused::Base`] when the URL is not one that a path can be added to.
pub fn upstream_url(base: &Url, segments: &Segments, query: Option<&Query>) -> Result<Url, TargetRefused> {
    let mut url = base.clone();
    url.set_fragment(None);
    url.path_segments_mut().map_err(|()| TargetRefused::Base)?.pop_if_empty().extend(segments.iter());
    url.set_query(query.map(Query::as_str));
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(base: &str, path: &str, query: Option<&str>) -> String {
        let query = query.map(|query| Query::parse(query).unwrap());
        let base = Url::parse(base).unwrap();
        upstream_url(&base, &Segments::parse(path).unwrap(), query.as_ref()).unwrap().to_string()
    }

    #[test]
    fn the_url_is_built_from_segments() {
        for (base, path, query, expected) in [
            (
                "https://api.openai.com/v1",
                "chat/completions",
                None,
                "https://api.openai.com/v1/chat/completions",
            ),
            ("https://api.openai.com/v1/", "/models", None, "https://api.openai.com/v1/models"),
            ("https://a.example", "v1/messages", Some("beta=true"), "https://a.example/v1/messages?beta=true"),
            ("https://a.example:8443/x/y", "z", Some(""), "https://a.example:8443/x/y/z?"),
            ("https://a.example", "model/a%3A0/invoke", None, "https://a.example/model/a:0/invoke"),
            ("https://a.example", "v/m:streamGenerateContent", Some("alt=sse"), {
                "https://a.example/v/m:streamGenerateContent?alt=sse"
            }),
            ("https://a.example", "f/a%20b%C3%A9%22", None, "https://a.example/f/a%20b%C3%A9%22"),
            ("https://a.example/#fragment", "a", None, "https://a.example/a"),
            ("https://a.example/?old=1", "a", None, "https://a.example/a"),
            ("http://[::1]:8080", "a/@b", None, "http://[::1]:8080/a/@b"),
        ] {
            assert_eq!(built(base, path, query), expected);
        }
        let base = Url::parse("data:text/plain,a").unwrap();
        assert_eq!(upstream_url(&base, &Segments::parse("a").unwrap(), None), Err(TargetRefused::Base));
    }

    #[test]
    fn no_path_leads_to_another_place() {
        let base = Url::parse("https://a.example/v1").unwrap();
        for path in
            ["a/@evil.example", "a/b:80", "a/https:", "a/..b", "a/%40evil", "a/b;c", "a/%7Bx%7D", "a/%3C%3E"]
        {
            let url = upstream_url(&base, &Segments::parse(path).unwrap(), None).unwrap();
            let uri: Uri = url.as_str().parse().unwrap();
            assert_eq!(uri.authority().unwrap().as_str(), "a.example", "{path}");
            assert!(uri.path().starts_with("/v1/a/"), "{path}");
            let again = Segments::parse(uri.path()).unwrap();
            let expected = Segments::parse(&format!("v1/{path}")).unwrap();
            assert_eq!(again, expected, "{path}");
        }
    }

    #[test]
    fn a_proxys_targets_are_refused() {
        let check = |method: &Method, version, uri: &str| check_form(method, version, &uri.parse().unwrap());
        assert_eq!(check(&Method::POST, Version::HTTP_11, "/v1/proxy/a?b"), Ok(()));
        assert_eq!(check(&Method::GET, Version::HTTP_2, "https://keyholt.example/v1/proxy/a"), Ok(()));
        for (method, version, uri) in [
            (Method::GET, Version::HTTP_11, "http://evil.example/v1/proxy/a"),
            (Method::GET, Version::HTTP_10, "https://evil.example/"),
            (Method::CONNECT, Version::HTTP_11, "evil.example:443"),
            (Method::CONNECT, Version::HTTP_2, "evil.example:443"),
            (Method::CONNECT, Version::HTTP_2, "https://evil.example/"),
            (Method::OPTIONS, Version::HTTP_11, "*"),
            (Method::TRACE, Version::HTTP_11, "/v1/proxy/a"),
        ] {
            assert_eq!(check(&method, version, uri), Err(TargetRefused::Form), "{method} {uri}");
        }
    }
}
