//! What the native API says of what went wrong, and the 403 that comes before a body is read.

use keyholt_engine::{Denied, Error, Field};
use keyholt_types::{Caller, Right};

use crate::auth::Authenticated;
use crate::refusal::Refusal;

/// The two texts that name a kind of record.
pub(super) struct Texts {
    pub(super) not_found: &'static str,
    pub(super) name_taken: &'static str,
}

impl Texts {
    /// The refusal for an error of the engine.
    pub(super) const fn refusal(&self, error: Error) -> Refusal {
        match error {
            Error::Unauthenticated => Refusal::Unauthenticated,
            Error::Forbidden(denied) => Refusal::Forbidden(denied_text(denied)),
            Error::NotFound => Refusal::NotFound(self.not_found),
            Error::NameTaken => Refusal::NameTaken(self.name_taken),
            Error::OrgRequired => {
                Refusal::Request("org is required: this API key belongs to several organisations")
            }
            Error::Invalid(field, problem) => Refusal::field(field_name(field), problem),
            Error::Busy => Refusal::Busy,
            Error::OutcomeUnknown => Refusal::OutcomeUnknown,
            // A locked record is shown as such, and can be deleted; nothing else can be done with it.
            Error::Locked | Error::Internal => Refusal::Internal,
        }
    }
}

/// The caller, if it has this right in at least one organisation.
pub(super) fn require(caller: Authenticated, right: Right) -> Result<Caller, Refusal> {
    caller.require(right, denied_text(Denied::Right(right)))
}

/// The caller, if it is an operator.
pub(super) fn require_operator(Authenticated(caller): Authenticated) -> Result<Caller, Refusal> {
    if caller.identity.operator { Ok(caller) } else { Err(Refusal::Forbidden(denied_text(Denied::Operator))) }
}

/// The caller, if it administers an organisation or is an operator.
pub(super) fn require_admin_or_operator(caller: Authenticated) -> Result<Caller, Refusal> {
    if caller.0.identity.operator { Ok(caller.0) } else { require(caller, Right::Admin) }
}

const fn denied_text(denied: Denied) -> &'static str {
    match denied {
        Denied::Right(Right::Read) => "This API key may not read secrets",
        Denied::Right(Right::Write) => "This API key may not change secrets",
        Denied::Right(Right::Use) => "This API key may not use values",
        Denied::Right(Right::Reveal) => "This API key may not reveal values",
        Denied::Right(Right::Admin) => "This API key may not administer the organisation",
        Denied::Org => "This API key does not belong to that organisation",
        Denied::Operator => "Only an operator's API key may do this",
        Denied::MoreThanOwn => "An API key may not be given more rights than its maker has",
    }
}

const fn field_name(field: Field) -> &'static str {
    match field {
        Field::Metadata => "metadata",
        Field::Id => "id",
        Field::Org => "org",
        Field::Project => "project",
        Field::Key => "key",
    }
}
