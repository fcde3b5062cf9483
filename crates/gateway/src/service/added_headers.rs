//! The headers that a secret's metadata add to a request, and what of them is as private as the value: people put keys
//! there.

use http::header::HeaderMap;
use http::{HeaderName, HeaderValue};
use keyholt_engine::Usable;
use keyholt_engine::providers::{ExtraHeader, Unfit, additional_headers};
use keyholt_types::SecretValue;

/// The most headers that metadata may add: each makes the search through an answer longer.
const MOST: usize = 32;

/// What vendors document as holding no credential, and answers rightly repeat: versions, kinds of content, names of
/// organisations and of programs.
const PUBLIC: &[&str] = &[
    "accept",
    "accept-language",
    "anthropic-beta",
    "anthropic-version",
    "content-type",
    "http-referer",
    "openai-beta",
    "openai-organization",
    "openai-project",
    "referer",
    "user-agent",
    "x-title",
];

/// The schemes before a credential (RFC 9110 11.4), which who repeats the credential may leave out.
const SCHEMES: &[&str] = &["apikey", "basic", "bearer", "key", "token"];

/// Puts them in, and gives the values that no answer may repeat.
///
/// # Errors
/// When they are more than 32, or one would not survive in a header.
pub(super) fn add_headers(headers: &mut HeaderMap, usable: &Usable) -> Result<Vec<SecretValue>, Unfit> {
    let metadata = usable.secret().details.metadata.as_ref();
    let added = additional_headers(usable.provider(), metadata)?;
    if added.len() > MOST {
        return Err(Unfit::Metadata { field: "additionalHeaders", problem: "must have at most 32 headers" });
    }
    let mut private = Vec::new();
    for header in added {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| Unfit::HeaderName)?;
        let value = HeaderValue::from_str(&header.value).map_err(|_| Unfit::HeaderValue)?;
        private.extend(private_texts(&header).filter_map(|text| SecretValue::parse(text.to_owned()).ok()));
        headers.insert(name, sensitive(value));
    }
    Ok(private)
}

/// The whole value, and what stands behind a scheme in it.
fn private_texts(header: &ExtraHeader) -> impl Iterator<Item = &str> {
    let whole = Some(&*header.value).filter(|_| !PUBLIC.contains(&&*header.name));
    let is_scheme = |word: &str| SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(word));
    let behind = whole.and_then(|text| text.split_once(' ')).filter(|(word, _)| is_scheme(word));
    whole.into_iter().chain(behind.map(|(_, rest)| rest))
}

/// What is so marked does not print.
pub(super) fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_private_whole_and_without_its_scheme_unless_its_name_says_otherwise() {
        let texts = |name: &str, value: &str| {
            let header = ExtraHeader { name: name.into(), value: value.into() };
            private_texts(&header).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(texts("x-tenant-key", "a key"), ["a key"]);
        assert_eq!(texts("x-auth", "Bearer a b"), ["Bearer a b", "a b"]);
        assert_eq!(texts("x-auth", "bearer"), ["bearer"]);
        assert!(texts("content-type", "application/json").is_empty());
        assert!(PUBLIC.is_sorted() && SCHEMES.is_sorted());
    }
}
