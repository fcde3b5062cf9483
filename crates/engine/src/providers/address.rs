//! Addresses to which requests can be sent.

use url::Url;

use super::unfit::Unfit;

/// `scheme://host:port` of a URL that [`parse`] took.
pub(super) fn host(url: &Url) -> Box<str> {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}://{}:{port}", url.scheme(), url.host_str().unwrap_or_default()).into()
}

/// An address to which requests can be sent, its path without a slash at the end.
///
/// # Errors
/// When it is no URL of http or https, or has a user, a query or a fragment.
pub(super) fn parse(text: &str) -> Result<Url, Unfit> {
    let wrong = |problem| Unfit::Metadata { field: "api_base", problem };
    let url = Url::parse(text).map_err(|_| wrong("must be an absolute URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("must be a URL of http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must not hold a user or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must not have a query or fragment"));
    }
    Ok(below(url, &[]))
}

/// An address below another; each segment is encoded as one.
pub(super) fn below(mut url: Url, segments: &[&str]) -> Url {
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_written_one_way() {
        for (address, expected) in [
            ("https://X.Example.COM", "https://x.example.com:443"),
            ("http://x.example.com/", "http://x.example.com:80"),
            ("https://x.example.com:443/v1", "https://x.example.com:443"),
            ("https://x.example.com:8443", "https://x.example.com:8443"),
            ("https://bücher.example", "https://xn--bcher-kva.example:443"),
            ("http://0x7f.1:11434", "http://127.0.0.1:11434"),
            ("http://2130706433", "http://127.0.0.1:80"),
            ("http://[::0:1]", "http://[::1]:80"),
            ("https://x.example.com.", "https://x.example.com.:443"),
            ("https:\\\\x.example.com\\@y", "https://x.example.com:443"),
            (" https://x.example\n.com", "https://x.example.com:443"),
        ] {
            assert_eq!(&*host(&parse(address).unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn what_is_no_plain_address_is_refused() {
        for text in [
            "",
            "x",
            "//x",
            "ftp://x",
            "ws://x",
            "file:///etc/passwd",
            "mailto:a@b",
            "javascript:alert(1)",
            "https://user@x",
            "https://user:pass@x",
            "https://:pass@x",
            "https://x?",
            "https://x?a=b",
            "https://x#",
            "https://x/#a",
            "https://x/v1?key=1",
            "https://",
            "https://x:99999",
            "https://a b",
            "https://[::1",
            "https://x%00y",
        ] {
            assert!(matches!(parse(text), Err(Unfit::Metadata { field: "api_base", .. })), "{text}");
        }
    }

    #[test]
    fn segments_stay_segments() {
        for (base, segments, expected) in [
            ("https://x/v1/", &["models"][..], "https://x/v1/models"),
            ("https://x", &["a", "b"], "https://x/a/b"),
            ("https://x/v1", &["a/b"], "https://x/v1/a%2Fb"),
            ("https://x/v1", &["a?b#c"], "https://x/v1/a%3Fb%23c"),
            ("https://x/v1", &["..", "."], "https://x/v1"),
            ("https://x/v1", &[], "https://x/v1"),
        ] {
            assert_eq!(below(parse(base).unwrap(), segments).as_str(), expected, "{base} {segments:?}");
        }
    }
}
