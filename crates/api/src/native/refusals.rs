//! What the native API says of what went wrong, and the 403 that comes before a body is read.

use keyholt_engine::{Denied, Error, Field, Operation};
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
            Error::TooMany { retry_after_seconds } => Refusal::TooMany(retry_after_seconds),
            Error::Forbidden(denied) => Refusal::Forbidden(denied_text(denied)),
            Error::NotFound => Refusal::NotFound(self.not_found),
            Error::NameTaken => Refusal::NameTaken(self.name_taken),
            Error::Unusable(unfit) => Refusal::Unusable(unfit),
            Error::InUse => Refusal::InUse("the project still has secrets or valid API keys"),
            Error::LastOne(one) => Refusal::LastOne(one),
            // The field is `org` or `orgs`; the parameter `org`.
            Error::OrgRequired => {
                Refusal::Request("the organisation must be named: it could be one of several")
            }
            // It is made of several fields.
            Error::Invalid(Field::Restriction, _) => Refusal::Request(
                "names, types and addresses must be left out: the keys that this API key comes from are narrowed \
                 too often",
            ),
            Error::Invalid(field, problem) => Refusal::field(field_name(field), problem),
            Error::Busy => Refusal::Busy,
            Error::OutcomeUnknown => Refusal::OutcomeUnknown,
            // A locked record is shown as such, and can be deleted; nothing else can be done with it.
            Error::Locked | Error::Internal => Refusal::Internal,
        }
    }
}

/// The caller, if it has this right in at least one organisation.
pub(super) fn require(caller: Authenticated, operation: Operation) -> Result<Caller, Refusal> {
    caller.require(operation, denied_text(Denied::Right(operation.right())))
}

/// The caller, if it is an operator.
pub(super) fn require_operator(caller: Authenticated) -> Result<Caller, Refusal> {
    caller.require_operator(denied_text(Denied::Operator))
}

/// The caller, if it administers an organisation or is an operator.
pub(super) fn require_admin_or_operator(caller: Authenticated) -> Result<Caller, Refusal> {
    if caller.caller.identity.operator { Ok(caller.caller) } else { require(caller, Operation::ManageIdentity) }
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
        Denied::MoreThanOwn => "Nobody can be given more rights or a longer life than this API key has",
        Denied::OutsidePattern => "This API key is narrowed to secrets of other names or types",
    }
}

const fn field_name(field: Field) -> &'static str {
    match field {
        Field::Metadata => "metadata",
        Field::Id => "id",
        Field::Org => "org",
        Field::Project => "project",
        Field::Key => "key",
        Field::Principal => "principal",
        Field::Restriction => "restriction",
        Field::Names => "names",
    }
}
