//! The audit log's words: an allowlist of typed fields, never a value, a body or a header.

use std::net::IpAddr;

use crate::{ApiKeyId, ChainId, EventId, OrgId, PrincipalId, RequestId, Timestamp, fixed_order_bytes};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stored and shown word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Reads the word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|item| item.word() == word)
            }
        }
    };
}

words! {
    /// What was done.
    Action {
        /// The store was made.
        DeploymentCreate = "deployment.create",
        /// An organisation was made.
        OrgCreate = "org.create",
        /// A key-encryption key was made for an organisation.
        OrgKeyCreate = "org_key.create",
        /// A project was made.
        ProjectCreate = "project.create",
        /// A user or service account was made.
        PrincipalCreate = "principal.create",
        /// An API key was made.
        ApiKeyCreate = "api_key.create",
        /// An API key was revoked.
        ApiKeyRevoke = "api_key.revoke",
        /// A secret was made.
        SecretCreate = "secret.create",
        /// A secret was changed, its value not.
        SecretUpdate = "secret.update",
        /// A secret was given a new value.
        SecretRotate = "secret.rotate",
        /// A secret was deleted.
        SecretDelete = "secret.delete",
        /// A secret was erased after its expiry.
        SecretExpire = "secret.expire",
        /// A secret was brought in under a fixed id.
        SecretImport = "secret.import",
        /// A row was found that does not open: damaged or tampered with.
        SecretLocked = "secret.locked",
    }
}

impl Action {
    /// Whether a stored value may be gone after it.
    #[must_use]
    pub const fn erases_values(self) -> bool {
        matches!(self, Self::SecretRotate | Self::SecretDelete | Self::SecretExpire | Self::SecretImport)
    }
}

words! {
    /// How it ended.
    Outcome {
        /// It was done.
        Done = "done",
        /// It was refused.
        Refused = "refused",
        /// It failed.
        Failed = "failed",
    }
}

words! {
    /// What kind of thing an event is about.
    SubjectKind {
        /// The installation itself.
        Deployment = "deployment",
        /// An organisation.
        Org = "org",
        /// A project.
        Project = "project",
        /// A user or service account.
        Principal = "principal",
        /// An API key.
        ApiKey = "api_key",
        /// An organisation's secret.
        Secret = "secret",
        /// A project's secret.
        ProjectSecret = "project_secret",
    }
}

/// What an event is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// Its kind.
    pub kind: SubjectKind,
    /// Its id.
    pub id: uuid::Uuid,
    /// Its name at that time.
    pub name: Box<str>,
}

/// One audit event, before it has its place in a chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditEvent {
    /// Its id: newer events have higher ones on one node.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// The organisation it happened in; none for the installation as a whole.
    pub org: Option<OrgId>,
    /// The request that caused it; none for the server's own work.
    pub request: Option<RequestId>,
    /// The API key that caused it.
    pub api_key: Option<ApiKeyId>,
    /// The principal behind that key.
    pub principal: Option<PrincipalId>,
    /// The address it came from.
    pub address: Option<IpAddr>,
    /// What was done.
    pub action: Action,
    /// What it was done to.
    pub subject: Subject,
    /// How it ended.
    pub outcome: Outcome,
}

impl AuditEvent {
    /// All fields with their place in a chain, in fixed order, length-prefixed: what the chain's MAC
    /// is made of.
    ///
    /// **Format:** frozen.
    #[must_use]
    pub fn canonical_bytes(&self, chain: ChainId, seq: i64) -> Vec<u8> {
        let address = self.address.map(|address| address.to_string()).unwrap_or_default();
        fixed_order_bytes(&[
            chain.as_bytes(),
            &seq.to_be_bytes(),
            self.id.as_bytes(),
            &self.at.micros().to_be_bytes(),
            self.org.as_ref().map_or(&[], |id| id.as_bytes().as_slice()),
            self.request.as_ref().map_or(&[], |id| id.as_bytes().as_slice()),
            self.api_key.as_ref().map_or(&[], |id| id.as_bytes().as_slice()),
            self.principal.as_ref().map_or(&[], |id| id.as_bytes().as_slice()),
            address.as_bytes(),
            self.action.word().as_bytes(),
            self.subject.kind.word().as_bytes(),
            self.subject.id.as_bytes(),
            self.subject.name.as_bytes(),
            self.outcome.word().as_bytes(),
        ])
    }
}

/// An audit event in its place in a chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditRecord {
    /// The chain: one start of one node.
    pub chain: ChainId,
    /// The place in it, from 1 without gaps.
    pub seq: i64,
    /// The event.
    pub event: AuditEvent,
    /// The MAC over the previous record's MAC and this record.
    pub mac: Vec<u8>,
}
