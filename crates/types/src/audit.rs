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
        /// The time of day was moved by more than a minute against a clock that cannot be moved.
        ClockJump = "clock.jump",
        /// An organisation was made.
        OrgCreate = "org.create",
        /// A key-encryption key was made for an organisation.
        OrgKeyCreate = "org_key.create",
        /// An organisation was given another name.
        OrgRename = "org.rename",
        /// A project was made.
        ProjectCreate = "project.create",
        /// A project was given another name.
        ProjectRename = "project.rename",
        /// A project was deleted.
        ProjectDelete = "project.delete",
        /// A user or service account was made.
        PrincipalCreate = "principal.create",
        /// A user or service account was given another name or address.
        PrincipalUpdate = "principal.update",
        /// A user or service account became a member of an organisation.
        MemberAdd = "member.add",
        /// A member was given other rights, suspended, or taken back in.
        MemberUpdate = "member.update",
        /// A user or service account ceased to be a member of an organisation.
        MemberRemove = "member.remove",
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
        /// A value was sent to its provider for a caller, who did not see it.
        SecretUse = "secret.use",
        /// A value was given to a caller.
        SecretReveal = "secret.reveal",
        /// A value was given to a proxy that asked for a model's.
        SecretResolve = "secret.resolve",
        /// A value was sent to its provider to see whether it is valid.
        SecretTest = "secret.test",
        /// A provider's answer held the value that it was sent, which was taken out.
        SecretEcho = "secret.echo",
        /// Where a value may be sent was confirmed after it had changed.
        SecretConfirmHosts = "secret.confirm_hosts",
        /// A credential for a short time was made.
        CredentialCreate = "credential.create",
        /// A credential was shown. Recorded when it is refused.
        Authenticate = "authenticate",
        /// Secrets were to be read. Recorded when it is refused.
        SecretRead = "secret.read",
        /// A secret was to be made, changed or deleted. Recorded when it is refused.
        SecretWrite = "secret.write",
        /// Members, projects or API keys were to be read. Recorded when it is refused.
        IdentityRead = "identity.read",
        /// Members, projects or API keys were to be made, changed or deleted. Recorded when it is refused.
        IdentityManage = "identity.manage",
        /// The audit log was to be read. Recorded when it is refused.
        AuditRead = "audit.read",
        /// Something was to be done that only operators may. Recorded when it is refused.
        Operate = "operate",
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
    /// How often it happened since the event before of the same kind: 1, and more only for what is refused.
    pub count: u32,
}

impl AuditEvent {
    /// All fields with their place in a chain, in fixed order, length-prefixed: what the chain's MAC
    /// is made of.
    ///
    /// **Format:** frozen. A count of 1 adds no field, so that events from before there were counts stay as they are.
    #[must_use]
    pub fn canonical_bytes(&self, chain: ChainId, seq: i64) -> Vec<u8> {
        let address = self.address.map(|address| address.to_string()).unwrap_or_default();
        let (seq, at, count) = (seq.to_be_bytes(), self.at.micros().to_be_bytes(), self.count.to_be_bytes());
        let mut fields: Vec<&[u8]> = vec![
            chain.as_bytes(),
            &seq,
            self.id.as_bytes(),
            &at,
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
        ];
        if self.count != 1 {
            fields.push(&count);
        }
        fixed_order_bytes(&fields)
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
