//! Headers on their way back to the caller.

use http::header::{
    CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, TRANSFER_ENCODING,
};
use url::Url;

use super::hop::Hop;
use super::request::is_identity;
use crate::scrub::Forms;
use crate::target::Segments;

/// What is passed on by its name. Cookies, challenges, the server's name, other protocols (`alt-svc`), permissions for
/// other origins (`access-control-*`) and lengths are not: the first four are between the upstream and us, the
/// others are ours to say. The identifiers of a request are, for the provider's support; who serves the caller sets
/// its own `x-request-id` over it.
const PASSED: &[&str] = &[
    "apim-request-id",
    "content-disposition",
    "content-language",
    "content-type",
    "deprecation",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "sunset",
    "x-generation-id",
    "x-request-id",
    "x-should-retry",
];

/// What is passed on by the beginning of its name: the providers' limits, and what they tell about a request.
const PASSED_PREFIXES: &[&str] = &[
    "anthropic-",
    "fireworks-",
    "mistral-",
    "openai-",
    "ratelimit-",
    "replicate-",
    "x-amzn-",
    "x-groq-",
    "x-ms-",
    "x-ratelimit-",
    "x-together-",
];

/// How the names of character sets begin in which a value would not be found.
const OTHER_CHARACTERS: &[&str] =
    &["utf-16", "utf16", "utf-32", "utf32", "utf-7", "utf7", "ucs", "iso-10646", "csunicode", "unicode"];

/// What the caller is given.
#[derive(Debug)]
pub struct AnswerHeaders {
    /// Without a length: that of the body may change.
    pub headers: HeaderMap,
    /// In how many of them a credential stood.
    pub redacted: u64,
}

/// Why an answer's headers are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerRefused {
    /// A body that is compressed although nobody asked for it: a credential could not be found in it.
    #[error("the upstream's answer is compressed")]
    Encoded,
    /// A body whose characters are not those of ASCII: the same.
    #[error("the upstream's answer is in an unusual character set")]
    Charset,
}

/// Where an answer comes from, and where the caller reaches it.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredBy<'a> {
    /// The URL that was asked.
    pub asked: &'a Url,
    /// The record's URL, which the caller's path was added to.
    pub base: &'a Url,
    /// The gateway's path before the caller's, such as `/v1/proxy`.
    pub mount: &'a str,
}

/// The headers of an answer, as the caller may see them; `forms` are those of the credential.
///
/// # Errors
/// When the body could not be scrubbed.
pub fn answer_headers(
    given: &HeaderMap,
    by: AnsweredBy<'_>,
    forms: &Forms,
) -> Result<AnswerHeaders, AnswerRefused> {
    if given.get_all(CONTENT_ENCODING).iter().any(|value| !is_identity(value)) {
        return Err(AnswerRefused::Encoded);
    }
    // hyper undoes the chunks alone; what else was done to the body stays in it (RFC 9112 6.1).
    if given.get_all(TRANSFER_ENCODING).iter().any(|value| !is_merely_chunked(value)) {
        return Err(AnswerRefused::Encoded);
    }
    if given.get_all(CONTENT_TYPE).iter().any(is_of_other_characters) {
        return Err(AnswerRefused::Charset);
    }
    let hop = Hop::of(given);
    let mut answer = AnswerHeaders { headers: HeaderMap::with_capacity(given.len()), redacted: 0 };
    for (name, value) in given.iter().filter(|(name, _)| !hop.has(name.as_str())) {
        // Before it is written anew: then it would be in a form that nobody looks for.
        let found = if name == LOCATION { forms.redact(value.as_bytes()) } else { None };
        answer.redacted += u64::from(found.is_some());
        let passed = match found {
            Some(clean) => HeaderValue::from_bytes(&clean).ok().and_then(|clean| location_of(&clean, by)),
            None if name == LOCATION => location_of(value, by),
            None => passes(name).then(|| value.clone()),
        };
        let Some(value) = passed else { continue };
        let Some(redacted) = forms.redact(value.as_bytes()) else {
            answer.headers.append(name.clone(), value);
            continue;
        };
        answer.redacted += 1;
        if let Ok(value) = HeaderValue::from_bytes(&redacted) {
            answer.headers.append(name.clone(), value);
        }
    }
    Ok(answer)
}

fn is_merely_chunked(value: &HeaderValue) -> bool {
    let mut codings = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    codings.all(|coding| {
        [b"".as_slice(), b"chunked", b"identity"].iter().any(|known| coding.eq_ignore_ascii_case(known))
    })
}

/// Whether a media type says that ASCII's characters are not one byte each, as they are in UTF-8 and nearly all others.
fn is_of_other_characters(kind: &HeaderValue) -> bool {
    let is_other = |parameter: &[u8]| {
        let text = String::from_utf8_lossy(parameter).to_ascii_lowercase();
        let charset =
            text.trim().strip_prefix("charset").map(|rest| rest.trim_start_matches([' ', '=', '"', '\'']));
        charset.is_some_and(|name| OTHER_CHARACTERS.iter().any(|other| name.starts_with(other)))
    };
    kind.as_bytes().split(|byte| *byte == b';').skip(1).any(is_other)
}

fn passes(name: &HeaderName) -> bool {
    let name = name.as_str();
    PASSED.contains(&name)
        || PASSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) && !name.contains('_')
}

/// A redirect's goal as the caller reaches it through the gateway, if it is at the upstream's own origin and below the
/// record's URL. Passed on as it came, it would lead the caller, and with it the caller's credential, to the provider
/// or to other parts of this server.
fn location_of(value: &HeaderValue, by: AnsweredBy<'_>) -> Option<HeaderValue> {
    let goal = by.asked.join(value.to_str().ok()?).ok()?;
    let base = by.base.path().trim_end_matches('/');
    let rest = goal.path().strip_prefix(base).filter(|rest| rest.starts_with('/'))?;
    let is_ours = goal.origin() == by.asked.origin() && Segments::parse(rest).is_ok();
    let query = goal.query().map(|query| format!("?{query}")).unwrap_or_default();
    is_ours.then(|| HeaderValue::try_from(format!("{}{rest}{query}", by.mount)).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use keyholt_types::SecretValue;

    use super::*;

    fn answer(lines: &[(&str, &[u8])]) -> Result<Vec<(String, String)>, AnswerRefused> {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value).unwrap(),
            );
        }
        let secret = SecretValue::parse("sk-private-0123456789".to_owned()).unwrap();
        let asked = Url::parse("https://api.example.com/v1/chat?a=b").unwrap();
        let base = Url::parse("https://api.example.com/v1").unwrap();
        let by = AnsweredBy { asked: &asked, base: &base, mount: "/v1/proxy" };
        let answer = answer_headers(&map, by, &Forms::of(&[&secret]))?;
        let text = |value: &HeaderValue| String::from_utf8(value.as_bytes().to_vec()).unwrap();
        Ok(answer.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect())
    }

    #[test]
    fn what_is_on_the_list_is_passed_on() {
        for name in PASSED.iter().copied().chain([
            "openai-processing-ms",
            "x-ratelimit-remaining-tokens",
            "anthropic-ratelimit-requests-limit",
            "x-amzn-requestid",
        ]) {
            assert_eq!(answer(&[(name, b"a")]), Ok(vec![(name.to_owned(), "a".to_owned())]), "{name}");
        }
        assert_eq!(answer(&[("retry-after", b"1"), ("retry-after", b"2")]).unwrap().len(), 2);
    }

    #[test]
    fn a_body_in_which_nothing_would_be_found_is_refused() {
        for (name, value, refused) in [
            ("transfer-encoding", "chunked", None),
            ("transfer-encoding", "gzip, chunked", Some(AnswerRefused::Encoded)),
            ("transfer-encoding", "deflate", Some(AnswerRefused::Encoded)),
            ("content-type", "text/plain; charset=utf-8", None),
            ("content-type", "text/plain; boundary=utf-16", None),
            ("content-type", "text/plain;a=b; Charset = \"UTF-16BE\"", Some(AnswerRefused::Charset)),
            ("content-type", "text/plain;charset=ucs-2", Some(AnswerRefused::Charset)),
        ] {
            assert_eq!(answer(&[(name, value.as_bytes())]).err(), refused, "{value}");
        }
    }

    #[test]
    fn everything_else_is_dropped() {
        for name in [
            "set-cookie",
            "set-cookie2",
            "www-authenticate",
            "proxy-authenticate",
            "authorization",
            "server",
            "alt-svc",
            "x-powered-by",
            "via",
            "connection",
            "keep-alive",
            "content-length",
            "trailer",
            "upgrade",
            "proxy-connection",
            "x-keyholt-id",
            "x-bt-used-endpoint",
            "x_keyholt_id",
            "x-api-key",
            "access-control-allow-origin",
            "access-control-expose-headers",
            "strict-transport-security",
            "link",
            "refresh",
            "clear-site-data",
            "report-to",
            "nel",
            "content-security-policy",
            "content-location",
            "etag",
            "cache-control",
            "age",
            "expires",
            "date",
            "set_cookie",
            "content_type",
            "openai_anything",
            "x-ms_a",
        ] {
            assert_eq!(answer(&[(name, b"a")]), Ok(Vec::new()), "{name}");
        }
    }

    #[test]
    fn what_connection_names_is_dropped() {
        let lines: [(&str, &[u8]); 3] =
            [("connection", b"close, Request_Id"), ("request-id", b"a"), ("sunset", b"b")];
        assert_eq!(answer(&lines), Ok(vec![("sunset".to_owned(), "b".to_owned())]));
    }

    #[test]
    fn a_redirect_leads_nowhere_else() {
        for (given, expected) in [
            ("https://api.example.com/v1/b?x=y", Some("/v1/proxy/b?x=y")),
            ("HTTPS://API.example.com:443/v1/b/c#f", Some("/v1/proxy/b/c")),
            ("/v1/b", Some("/v1/proxy/b")),
            ("other", Some("/v1/proxy/other")),
            ("?c", Some("/v1/proxy/chat?c")),
            ("//api.example.com/v1/b", Some("/v1/proxy/b")),
            ("/v2/b", None),
            ("/v1", None),
            ("/v1/", None),
            ("/v1b/c", None),
            ("/v1/../keyholt/v1/secrets", None),
            ("/v1//evil.example/", None),
            ("/v1/%2e%2e/a", None),
            ("https://api.example.com//evil.example/", None),
            ("https://api.example.com/v1/\\evil.example/", None),
            ("//evil.example/v2", None),
            ("https://evil.example/", None),
            ("http://api.example.com/v2", None),
            ("https://api.example.com:8443/", None),
            ("https://api.example.com.evil.example/", None),
            ("https://api.example.com@evil.example/", None),
            ("\\\\evil.example\\", None),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
        ] {
            let passed = answer(&[("location", given.as_bytes())]).unwrap();
            assert_eq!(passed.first().map(|(_, value)| value.as_str()), expected, "{given}");
        }
        assert_eq!(answer(&[("location", b"/\xff")]), Ok(Vec::new()));
    }

    #[test]
    fn a_credential_in_a_header_is_replaced() {
        let lines: [(&str, &[u8]); 2] =
            [("x-request-id", b"for sk-private-0123456789!"), ("location", b"/v1/a?key=sk-private-0123456789")];
        let expected = [("x-request-id", "for [redacted]!"), ("location", "/v1/proxy/a?key=[redacted]")];
        assert_eq!(answer(&lines).unwrap(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_compressed_answer_is_refused() {
        for encoding in ["gzip", "br", "zstd", "identity, gzip", "x-anything"] {
            let refused = answer(&[("content-encoding", encoding.as_bytes())]);
            assert_eq!(refused, Err(AnswerRefused::Encoded), "{encoding}");
        }
        assert_eq!(answer(&[("content-encoding", b"identity")]), Ok(Vec::new()));
    }
}
