//! What callers were told.

use std::collections::{BTreeMap, BTreeSet};

use keyholt_types::{Action, ApiKeyId, RequestId, SecretId};

/// A secret. Each write puts a stamp of its own into type and metadata, and into the value if it gives one: a row of
/// two writes shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    /// That of type and metadata.
    pub(super) stamp: String,
    /// That of the value.
    pub(super) value: String,
}

/// An API key that was given out, in full.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: ApiKeyId,
    /// Its text, which is shown to nobody.
    pub(super) text: String,
    pub(super) is_revoked: bool,
}

/// A change and what it does to what it changes.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    /// A secret is made: so it is then.
    Create(Row),
    /// A secret is changed, or deleted.
    Change { id: SecretId, before: Row, after: Option<Row> },
    /// An API key of this name is made.
    MakeKey(String),
    /// An API key is revoked.
    RevokeKey(ApiKeyId),
}

/// A change that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) request: RequestId,
    pub(super) action: Action,
    pub(super) effect: Effect,
}

/// All that callers know together. Each touches secrets and API keys of its own only.
#[derive(Default)]
pub(super) struct Testimony {
    /// Secrets as they are by what was answered.
    pub(super) rows: BTreeMap<SecretId, Row>,
    /// API keys likewise, by their names.
    pub(super) keys: BTreeMap<String, Key>,
    /// Requests that were answered with success, with what their audit event says; of all rounds.
    pub(super) acknowledged: BTreeMap<RequestId, Action>,
    /// Changes of which nothing is known.
    pub(super) unknown: Vec<Change>,
    /// API keys whose making was not answered but that are there: nobody has their text.
    pub(super) orphans: BTreeSet<ApiKeyId>,
    /// Requests of those who look, which write to the audit log too.
    pub(super) looks: BTreeSet<RequestId>,
    /// How many changes were refused, and are not there.
    pub(super) refused: u64,
    /// What is wrong already while they write.
    pub(super) wrong: Option<String>,
}

impl Testimony {
    /// The secrets whose state is known, of one caller.
    pub(super) fn known_rows(&self, prefix: &str) -> Vec<SecretId> {
        let in_doubt = |id: &SecretId| {
            self.unknown
                .iter()
                .any(|change| matches!(&change.effect, Effect::Change { id: other, .. } if other == id))
        };
        let own = self.rows.iter().filter(|(_, row)| row.name.starts_with(prefix));
        own.map(|(id, _)| *id).filter(|id| !in_doubt(id)).collect()
    }

    /// The valid API keys of one caller, by name.
    pub(super) fn known_keys(&self, prefix: &str) -> Vec<String> {
        let in_doubt = |id: ApiKeyId| {
            self.unknown.iter().any(|change| matches!(&change.effect, Effect::RevokeKey(other) if *other == id))
        };
        let own = self.keys.iter().filter(|(name, _)| name.starts_with(prefix));
        own.filter(|(_, key)| !key.is_revoked && !in_doubt(key.id)).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn is_wrong(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }
}
