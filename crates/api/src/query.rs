//! Query strings, form-encoded: `+` and `%20` are both a space (wire/braintrust.md 1.2).

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use http::request::Parts;
use keyholt_types::FieldProblem;

use crate::refusal::Refusal;

/// The parameters of a request, in the order in which they were sent.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string.
    ///
    /// # Errors
    /// 400 for broken percent-encoding, and for what is no UTF-8 once decoded.
    pub(crate) fn parse(query: &str) -> Result<Self, Refusal> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        };
        let pairs = pairs.map(pair).collect::<Option<_>>();
        pairs.map(Self).ok_or(Refusal::Request("the query string is not valid percent-encoded UTF-8"))
    }

    /// The value of a parameter that may be given once.
    ///
    /// # Errors
    /// 400 when it is given twice.
    pub(crate) fn single(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        let mut values = self.values(name, "");
        let first = values.next();
        if values.next().is_some() {
            return Err(Refusal::field(name, FieldProblem::MustBe("given once")));
        }
        Ok(first)
    }

    /// The value of a parameter that may be given once, as a number of decimal digits; an empty one
    /// counts as absent, one that fits no i64 as the largest that does (wire/braintrust.md 3.1).
    ///
    /// # Errors
    /// 400 when it is given twice or is anything else.
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<u64>, Refusal> {
        let Some(digits) = self.single(name)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::field(name, FieldProblem::MustBe("a non-negative integer")));
        }
        const MOST: u64 = i64::MAX.cast_unsigned();
        Ok(Some(digits.parse().unwrap_or(MOST).min(MOST)))
    }

    /// The elements of a parameter that is a list: given as `name` or `name[]`, any number of times,
    /// each with any number of elements between commas; `None` when it is not given at all.
    pub(crate) fn list(&self, name: &'static str) -> Option<Vec<&str>> {
        let mut values = self.values(name, "[]").peekable();
        values.peek()?;
        Some(values.flat_map(|value| value.split(',')).collect())
    }

    fn values<'a>(&'a self, name: &'a str, suffix: &'static str) -> impl Iterator<Item = &'a str> {
        let is_named =
            move |given: &str| given.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest == suffix);
        self.0.iter().filter(move |(given, _)| is_named(given)).map(|(_, value)| value.as_str())
    }
}

/// The parameters as they came, not looked at before authentication (wire/braintrust.md 1.5).
pub(crate) struct UnreadQuery(Option<String>);

impl UnreadQuery {
    /// Reads them.
    ///
    /// # Errors
    /// As [`Query::parse`].
    pub(crate) fn read(&self) -> Result<Query, Refusal> {
        Query::parse(self.0.as_deref().unwrap_or_default())
    }
}

impl<S: Sync> FromRequestParts<S> for UnreadQuery {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Ok(Self(parts.uri.query().map(str::to_owned)))
    }
}

/// Decodes one name or value; `None` when it is broken.
fn decode(encoded: &str) -> Option<String> {
    let spaced =
        if encoded.contains('+') { Cow::Owned(encoded.replace('+', " ")) } else { Cow::Borrowed(encoded) };
    percent_decode(&spaced)
}

/// Decodes percent-encoding once, leaving `+` as it is; `None` when it is broken, or no UTF-8.
pub(crate) fn percent_decode(encoded: &str) -> Option<String> {
    let mut parts = encoded.split('%');
    let mut decoded = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digit = |at: usize| part.as_bytes().get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let byte = digit(0)? * 16 + digit(1)?;
        decoded.push(u8::try_from(byte).ok()?);
        decoded.extend_from_slice(part.as_bytes().get(2..)?);
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn query(text: &str) -> Query {
        Query::parse(text).unwrap_or_else(|refusal| panic!("{}", refusal.message()))
    }

    fn message<T>(result: Result<T, Refusal>) -> String {
        result.err().map(|refusal| refusal.message().into_owned()).unwrap_or_default()
    }

    #[test]
    fn plus_and_percent_20_are_both_a_space() {
        let query = query("ai_secret_name=a+b%20c%2Bd%2Ce&org_name&x=");
        assert_eq!(query.single("ai_secret_name"), Ok(Some("a b c+d,e")));
        assert_eq!(query.single("org_name"), Ok(Some("")));
        assert_eq!(query.single("absent"), Ok(None));
    }

    #[test]
    fn broken_encoding_is_refused_in_names_and_values() {
        for broken in ["a=%", "a=%4", "a=%zz", "a=%+1", "%=1", "a=%ff", "x=1&%c3=2", "a=%éé"] {
            assert_eq!(
                message(Query::parse(broken)),
                "the query string is not valid percent-encoded UTF-8",
                "{broken}"
            );
        }
    }

    #[test]
    fn a_single_parameter_is_given_once() {
        assert_eq!(message(query("limit=1&limit=2").single("limit")), "limit must be given once");
        assert_eq!(message(query("limit=1&%6cimit=1").number("limit")), "limit must be given once");
        assert_eq!(query("limit=1&limit[]=2").single("limit"), Ok(Some("1")));
    }

    #[test]
    fn numbers_are_decimal_digits() {
        for (text, number) in [("", None), ("limit=", None), ("limit=0", Some(0)), ("limit=007", Some(7))] {
            assert_eq!(query(text).number("limit"), Ok(number), "{text}");
        }
        for most in ["9223372036854775807", "9223372036854775808", "99999999999999999999999"] {
            assert_eq!(query(&format!("limit={most}")).number("limit"), Ok(Some(9_223_372_036_854_775_807)));
        }
        for wrong in ["-1", "1.5", "+1", "%2B1", "1e3", "x", " 1", "١"] {
            assert_eq!(
                message(query(&format!("limit={wrong}")).number("limit")),
                "limit must be a non-negative integer",
                "{wrong}"
            );
        }
    }

    #[test]
    fn lists_are_repeated_joined_or_both() {
        let list = |text: &str| query(text).list("ids").map(|list| list.join("|"));
        assert_eq!(list("id=A"), None);
        assert_eq!(list("ids=").as_deref(), Some(""));
        assert_eq!(list("ids=A,").as_deref(), Some("A|"));
        assert_eq!(list("ids[]=A").as_deref(), Some("A"));
        assert_eq!(list("ids=A&ids%5B%5D=B%2CC&ids[]=D,E").as_deref(), Some("A|B|C|D|E"));
        assert_eq!(list("ids=A,%20B").as_deref(), Some("A| B"));
        assert_eq!(list("ids[0]=A"), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(text: String) {
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let query = Query::parse(&format!("a={encoded}"));
            prop_assert_eq!(query.ok().and_then(|query| query.single("a").ok().flatten().map(str::to_owned)), Some(text));
        }

        #[test]
        fn any_text_ends_in_parameters_or_a_refusal(text: String) {
            let _ = Query::parse(&text);
        }
    }
}
