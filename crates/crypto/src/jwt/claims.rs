//! What a verified token says.

use std::fmt;

use keyholt_types::{ClaimName, JwtIssuer, Timestamp};
use serde_json::{Map, Value};

/// How far an issuer's clock may be from ours.
const LEEWAY_SECONDS: i64 = 60;

/// The most bytes of a subject.
const MOST_SUBJECT_BYTES: usize = 1024;

/// The claims of a token whose signature was verified. They may name people and do not print.
#[derive(Clone)]
pub struct JwtClaims {
    all: Value,
    issuer: Option<Box<str>>,
    subject: Option<Box<str>>,
    audiences: Vec<Box<str>>,
    expires_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
    issued_at: Option<Timestamp>,
}

impl JwtClaims {
    /// Reads a token's claims; `None` when one that RFC 7519 4.1 describes is of another form.
    pub(super) fn read(claims: Map<String, Value>) -> Option<Self> {
        Some(Self {
            issuer: text(&claims, "iss")?,
            subject: text(&claims, "sub")?,
            audiences: match claims.get("aud") {
                None => Vec::new(),
                Some(Value::Array(list)) => {
                    list.iter().map(|one| one.as_str().map(Box::from)).collect::<Option<_>>()?
                }
                Some(one) => vec![one.as_str()?.into()],
            },
            expires_at: moment(&claims, "exp")?,
            not_before: moment(&claims, "nbf")?,
            issued_at: moment(&claims, "iat")?,
            all: Value::Object(claims),
        })
    }

    /// Who issued it.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Whom it was issued to.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Whom it is for.
    #[must_use]
    pub fn audiences(&self) -> &[Box<str>] {
        &self.audiences
    }

    /// When it ceases to be valid.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// When it begins to be valid.
    #[must_use]
    pub fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// When it was issued.
    #[must_use]
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// Any claim.
    #[must_use]
    pub fn claim(&self, name: &ClaimName) -> Option<&Value> {
        name.find_in(&self.all)
    }

    /// Until when this token of an issuer is taken, that moment excluded; `None` when it is not taken now
    /// (design/security.md B.8).
    ///
    /// It must be of the issuer exactly, for one of its audiences, have a subject of 1 to 1024 bytes without
    /// control characters, and an end. Clocks may differ by 60 s. It is no older than the issuer allows, a day at
    /// most; one that does not say when it was issued has no more than that before it.
    #[must_use]
    pub fn taken_until(&self, issuer: &JwtIssuer, now: Timestamp) -> Option<Timestamp> {
        let is_for_us = self.audiences.iter().any(|audience| issuer.audiences.contains(audience));
        if self.issuer() != Some(&issuer.issuer) || !is_for_us || !self.subject().is_some_and(is_subject) {
            return None;
        }
        let most_age = i64::from(issuer.max_age_seconds.min(JwtIssuer::MAX_AGE_SECONDS));
        let end = self.expires_at?.plus_seconds(LEEWAY_SECONDS);
        let soon = now.plus_seconds(LEEWAY_SECONDS);
        let has_begun = self.not_before.is_none_or(|begin| begin <= soon);
        let (is_of_age, end) = match self.issued_at {
            Some(issued) => (issued <= soon, end.min(after(issued.plus_seconds(most_age)))),
            None => (end <= soon.plus_seconds(most_age + LEEWAY_SECONDS), end),
        };
        (has_begun && is_of_age && now < end).then_some(end)
    }
}

/// The moment after this one.
fn after(moment: Timestamp) -> Timestamp {
    Timestamp::from_micros(moment.micros().saturating_add(1))
}

impl fmt::Debug for JwtClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwtClaims(**)")
    }
}

fn is_subject(subject: &str) -> bool {
    (1..=MOST_SUBJECT_BYTES).contains(&subject.len()) && !subject.chars().any(char::is_control)
}

/// A claim that is a text or absent; `None` when it is anything else.
fn text(claims: &Map<String, Value>, name: &str) -> Option<Option<Box<str>>> {
    match claims.get(name) {
        None => Some(None),
        Some(value) => value.as_str().map(|text| Some(text.into())),
    }
}

/// A claim that is a NumericDate or absent; `None` when it is anything else.
fn moment(claims: &Map<String, Value>, name: &str) -> Option<Option<Timestamp>> {
    match claims.get(name) {
        None => Some(None),
        Some(value) => numeric_date(value).map(Some),
    }
}

/// Seconds after 1970, fractions of them too (RFC 7519 2); `None` beyond the years 1970 to 9999, since what cannot be
/// told must not pass for a date that can.
fn numeric_date(value: &Value) -> Option<Timestamp> {
    let number = value.as_number()?;
    let micros = match number.as_i64() {
        Some(seconds) => seconds.checked_mul(1_000_000)?,
        // What is too large for the type becomes the largest of it.
        None => (number.as_f64()? * 1e6).floor() as i64,
    };
    let moment = Timestamp::from_micros(micros);
    (moment.micros() == micros).then_some(moment)
}
