//! What callers are shown, in the domain's words. Nothing here can hold a value.

use keyholt_crypto::ApiKeyToken;
use keyholt_store::PrincipalKind;
use keyholt_types::{Details, OrgId, PrincipalId, ProjectId, Restrictions, Rights, SecretColumns, Timestamp};

/// A secret as everybody with the right to read may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretView {
    /// The readable columns.
    pub columns: SecretColumns,
    /// Metadata, description and preview.
    pub details: Details,
}

/// A row of a list that also names what does not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedSecret {
    /// It opens.
    Open(SecretView),
    /// It is damaged or was tampered with: only its columns, which cannot be relied on.
    Locked(SecretColumns),
}

/// What a create or replace came to.
#[derive(Debug)]
pub struct Written {
    /// The secret as it is now.
    pub secret: SecretView,
    /// Whether a secret of that name was there before.
    pub found_existing: bool,
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgView {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: Box<str>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its first project, `default`.
    pub project: Option<ProjectId>,
}

/// An API key as its administrators may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyView {
    /// Its id.
    pub id: keyholt_types::ApiKeyId,
    /// Its name.
    pub name: Box<str>,
    /// Its first characters; for keys of our own form only.
    pub shown: Box<str>,
    /// The principal it stands for.
    pub principal: PrincipalId,
    /// What may be shown of that principal.
    pub holder: KeyHolder,
    /// The organisations it belongs to that the caller may know of, with the rights there.
    pub grants: Vec<(OrgId, Rights)>,
    /// Its project; none when the caller may not know of its organisation.
    pub project: Option<ProjectId>,
    /// Whether it bears the operator's mark.
    pub operator: bool,
    /// What narrows it.
    pub restrictions: Restrictions,
    /// The API key that made it, when it is a credential for a short time.
    pub parent: Option<keyholt_types::ApiKeyId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ceases to be valid.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, up to a few seconds ago.
    pub last_used_at: Option<Timestamp>,
}

/// The principal that an API key stands for, as far as the caller may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// What it is.
    pub kind: PrincipalKind,
    /// Its name; none when it is no longer a member of an organisation of the caller's.
    pub name: Option<Box<str>>,
    /// Its electronic mail address; none likewise.
    pub email: Option<Box<str>>,
}

/// A new API key, with the text that is shown this once.
#[derive(Debug)]
pub struct IssuedApiKey {
    /// What is kept of it.
    pub api_key: ApiKeyView,
    /// The text.
    pub token: ApiKeyToken,
}

/// What a verification of the audit log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerdict {
    /// Chains read.
    pub chains: u64,
    /// Events read.
    pub events: u64,
    /// The first record that is not as it was written.
    pub first_bad: Option<BadAuditRecord>,
}

/// A record of the audit log that is not there, or not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadAuditRecord {
    /// Its chain.
    pub chain: keyholt_types::ChainId,
    /// Its place there.
    pub seq: i64,
    /// What is wrong: `missing`, `changed`.
    pub problem: &'static str,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectView {
    /// Its organisation.
    pub org: OrgId,
    /// Its id.
    pub id: ProjectId,
    /// Its name.
    pub name: Box<str>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A user or service account as a member of the organisations that the caller may know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// Its id.
    pub id: PrincipalId,
    /// What it is.
    pub kind: PrincipalKind,
    /// Its name.
    pub name: Box<str>,
    /// Its electronic mail address.
    pub email: Option<Box<str>>,
    /// Whose tokens stand for it, when it does not come from here.
    pub issuer: Option<Box<str>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its memberships.
    pub memberships: Vec<MembershipView>,
}

/// A membership in an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipView {
    /// The organisation.
    pub org: OrgId,
    /// Its name.
    pub org_name: Box<str>,
    /// What the member may do there at most.
    pub rights: Rights,
    /// Since when it may do nothing there.
    pub suspended_at: Option<Timestamp>,
}
