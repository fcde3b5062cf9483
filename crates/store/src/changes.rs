//! A change to the store: statements, what each needs to find, and the audit events that go with it.

use std::sync::Arc;

use keyholt_types::{AuditEvent, ChainId, OrgId};

use crate::Unmet;
use crate::param::Param;

/// How many rows a statement must touch, and what it means when it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Any number.
    Any,
    /// Exactly one. `none` when it touches no row; a clash with a unique key is [`Unmet::Taken`].
    OneRow { none: Unmet },
}

/// One statement of a change.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) sql: &'static str,
    pub(crate) params: Vec<Param>,
    pub(crate) needs: Needs,
}

/// Statements that are carried out together or not at all. Cannot be committed before an audit event
/// is recorded with them.
#[derive(Debug, Default)]
#[must_use]
pub struct Changes {
    statements: Vec<Statement>,
    secrets_of: Vec<OrgId>,
}

impl Changes {
    /// No statement yet.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn push(mut self, sql: &'static str, params: Vec<Param>, needs: Needs) -> Self {
        self.statements.push(Statement { sql, params, needs });
        self
    }

    /// Notes that it changes a row of this organisation's secrets.
    pub(crate) fn touching_secrets(mut self, org: OrgId) -> Self {
        self.secrets_of.push(org);
        self
    }

    /// Records what the change is; only then can it be committed.
    pub fn record(self, event: AuditEvent) -> Audited {
        Audited { events: vec![event], ..Audited::observed(self) }
    }
}

/// A change with its audit events. Prints how many there are, not what they say.
#[must_use]
pub struct Audited {
    pub(crate) statements: Vec<Statement>,
    pub(crate) events: Vec<AuditEvent>,
    /// The organisations of the secrets whose rows it makes, changes or deletes.
    pub(crate) secrets_of: Vec<OrgId>,
    /// Whether other nodes may go on with nothing that they knew of identities.
    pub(crate) ends_views: bool,
    pub(crate) afterwards: Vec<Afterwards>,
}

/// What is done once a change is committed.
pub(crate) struct Afterwards(pub(crate) Box<dyn FnOnce() + Send>);

impl std::fmt::Debug for Audited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audited")
            .field("statements", &self.statements)
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}

impl Audited {
    /// What was observed, which nobody changed: the one thing that is written without an event.
    pub(crate) fn observed(changes: Changes) -> Self {
        let Changes { statements, secrets_of } = changes;
        Self { statements, events: Vec::new(), secrets_of, ends_views: false, afterwards: Vec::new() }
    }

    /// The organisations of the secrets whose rows it makes, changes or deletes, some of them more than once.
    #[must_use]
    pub fn secrets_of(&self) -> &[OrgId] {
        &self.secrets_of
    }

    /// Joins another change to this one: both or neither, this one first.
    pub fn and(mut self, other: Self) -> Self {
        self.statements.extend(other.statements);
        self.events.extend(other.events);
        self.secrets_of.extend(other.secrets_of);
        self.ends_views |= other.ends_views;
        self.afterwards.extend(other.afterwards);
        self
    }

    /// Goes on only under these conditions, which see what comes before.
    pub fn provided(mut self, conditions: Changes) -> Self {
        self.statements.extend(conditions.statements);
        self
    }

    /// Changes who may do what: what other nodes knew of that is not valid any more once this is committed.
    pub fn ends_views(mut self) -> Self {
        self.ends_views = true;
        self
    }

    /// Does this once the change is committed, or may have been, before whoever asked for it is told; also
    /// when nobody waits for it any more.
    pub fn afterwards(mut self, act: impl FnOnce() + Send + 'static) -> Self {
        self.afterwards.push(Afterwards(Box::new(act)));
        self
    }

    /// Joins another change to this one, if there is one: that one first.
    pub fn after(self, first: Option<Self>) -> Self {
        match first {
            Some(first) => first.and(self),
            None => self,
        }
    }
}

/// The step of an audit chain: from the previous record's MAC (32 bytes, zeros at first) and a
/// record's canonical bytes to the record's MAC. A function, so that the store never holds the key.
pub type ChainStep = Arc<dyn Fn(&[u8], &[u8]) -> [u8; 32] + Send + Sync>;

/// What this node's audit chains begin with.
#[derive(Clone)]
pub struct ChainStart {
    /// Gives a chain its id, another one each time: SQLite's writer has one chain, PostgreSQL's connections have one
    /// each, so that no change waits for another one's record.
    pub make_id: Arc<dyn Fn() -> ChainId + Send + Sync>,
    /// The generation of the ring key that the step's key comes from.
    pub ring_generation: i64,
    /// The step.
    pub step: ChainStep,
}

impl std::fmt::Debug for ChainStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChainStart").field("ring_generation", &self.ring_generation).finish_non_exhaustive()
    }
}
