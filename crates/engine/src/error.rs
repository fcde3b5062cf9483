//! What can go wrong in a use case: a closed list. No variant can hold a value, a credential, a body
//! or SQL; what lies behind a fault is logged once, where it is turned into [`Error::Internal`].

use keyholt_types::FieldProblem;

/// Why a use case was refused or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No credential, or one that is unknown, expired or revoked; which of these is told to nobody.
    #[error("missing or invalid API key")]
    Unauthenticated,
    /// Too many requests; in so many seconds, 1 to 60, there may be more.
    #[error("too many requests")]
    TooMany {
        /// When to come back.
        retry_after_seconds: u8,
    },
    /// A valid caller lacks the right.
    #[error("permission denied")]
    Forbidden(Denied),
    /// There is no such record, or the caller may not know of it.
    #[error("not found")]
    NotFound,
    /// The record is still needed by others.
    #[error("the record is in use")]
    InUse,
    /// Nobody would be left who could let others in.
    #[error("it is the last one")]
    LastOne(LastOne),
    /// Another record has the name.
    #[error("the name is taken")]
    NameTaken,
    /// The caller belongs to several organisations and did not say which one.
    #[error("the organisation is required")]
    OrgRequired,
    /// A field is out of bounds.
    #[error("a field is out of bounds")]
    Invalid(Field, FieldProblem),
    /// The secret is there, but cannot be used as it is.
    #[error("the secret cannot be used")]
    Unusable(crate::providers::Unfit),
    /// The record does not open: damaged or tampered with.
    #[error("the record is locked")]
    Locked,
    /// Overload, shutdown, or the storage is unavailable; nothing was changed.
    #[error("busy")]
    Busy,
    /// The answer to a commit was lost: it may have happened.
    #[error("the outcome is unknown")]
    OutcomeUnknown,
    /// A fault of the server, already logged; nothing was changed.
    #[error("internal error")]
    Internal,
}

/// Which permission was lacking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// A right in the organisation.
    Right(keyholt_types::Right),
    /// The named organisation is not one of the caller's, or does not exist.
    Org,
    /// Only an operator may do that.
    Operator,
    /// A new API key or member would have more than its maker: more rights, a longer life.
    MoreThanOwn,
    /// The caller's API key is narrowed to other secrets.
    OutsidePattern,
}

/// Who must not be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastOne {
    /// The last operator's API key; for who is no operator, the last one without an end.
    Operator,
    /// The last API key of an owner of an organisation.
    Owner,
}

/// The field that is out of bounds, in the domain's words; each wire has its own name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The metadata, after merging.
    Metadata,
    /// A record's id.
    Id,
    /// An organisation's name.
    Org,
    /// A project's name.
    Project,
    /// A key's text.
    Key,
    /// A principal's id.
    Principal,
    /// What narrows an API key.
    Restriction,
    /// Names of secrets.
    Names,
}
