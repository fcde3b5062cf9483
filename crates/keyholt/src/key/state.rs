//! What may be done with an API key now, as people read it.

use keyholt_types::Timestamp;
use serde_json::Value;

use crate::client::{list, text};
use crate::moment;
use crate::rights;

/// Whether a key is valid, as far as that does not depend on its member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Valid,
    Expired,
    Revoked,
}

impl State {
    /// The state of a key at this moment.
    pub(super) fn of(key: &Value, now: Timestamp) -> Self {
        if !text(key, "revoked_at").is_empty() {
            return Self::Revoked;
        }
        match Timestamp::parse(text(key, "expires_at")) {
            Some(end) if end <= now => Self::Expired,
            Some(_) | None => Self::Valid,
        }
    }

    /// The word for it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// `research: engineer; search: read, use; operator; narrowed`.
pub(super) fn rights_in_words(key: &Value) -> String {
    let mut words = rights::in_each_org(list(key, "orgs"));
    for (holds, mark) in [(is_operator(key), "operator"), (!list(key, "restrictions").is_empty(), "narrowed")] {
        if holds {
            words = if words.is_empty() { mark.to_owned() } else { format!("{words}; {mark}") };
        }
    }
    words
}

/// Whether it bears the operator's mark.
pub(super) fn is_operator(key: &Value) -> bool {
    key.get("operator").and_then(Value::as_bool).unwrap_or(false)
}

/// When it was last used: `2 min ago`.
pub(super) fn last_used_in_words(key: &Value, now: Timestamp) -> String {
    match text(key, "last_used_at") {
        "" => "never".to_owned(),
        used => moment::ago(used, now),
    }
}

/// When it ceases to be valid, or ceased: `in 89 days`.
pub(super) fn end_in_words(key: &Value, now: Timestamp) -> String {
    match text(key, "expires_at") {
        "" => "never".to_owned(),
        end => moment::ahead(end, now),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rights_of_every_organisation_and_marks_are_said() {
        let mut key = json!({
            "orgs": [{"id": "1", "name": "research", "rights": ["read", "write"]}, {"id": "2", "rights": ["use"]}],
            "operator": true, "restrictions": [{}],
        });
        assert_eq!(rights_in_words(&key), "research: read, write; 2: app; operator; narrowed");
        key["orgs"] = json!([]);
        key["restrictions"] = json!([]);
        assert_eq!(rights_in_words(&key), "operator");
    }

    #[test]
    fn a_revoked_key_is_revoked_whenever_it_expires() {
        let now = Timestamp::parse("2026-11-21T09:30:00Z").unwrap();
        let mut key = json!({"expires_at": null, "revoked_at": null, "last_used_at": null});
        assert_eq!((State::of(&key, now), end_in_words(&key, now)), (State::Valid, "never".to_owned()));
        assert_eq!(last_used_in_words(&key, now), "never");
        key["expires_at"] = json!("2026-11-21T09:40:00.000Z");
        assert_eq!((State::of(&key, now), end_in_words(&key, now)), (State::Valid, "in 10 min".to_owned()));
        key["expires_at"] = json!("2026-11-21T09:30:00.000Z");
        assert_eq!(State::of(&key, now), State::Expired);
        key["revoked_at"] = json!("2026-11-21T09:00:00.000Z");
        assert_eq!(State::of(&key, now), State::Revoked);
    }
}
