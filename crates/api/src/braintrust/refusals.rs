//! What the engine refuses, in this room's words (wire/braintrust.md 1.4).

use keyholt_engine::{Denied, Error, Field, Operation};
use keyholt_types::{Caller, FieldProblem, Right};

use crate::auth::Authenticated;
use crate::refusal::Refusal;

const MAY_NOT_READ: &str = "This API key may not read AI secrets";
const MAY_NOT_CHANGE: &str = "This API key may not change AI secrets";

/// A caller that may read somewhere.
pub(super) fn reader(authenticated: Authenticated) -> Result<Caller, Refusal> {
    authenticated.require(Operation::ReadSecrets, MAY_NOT_READ)
}

/// A caller that may write somewhere.
pub(super) fn writer(authenticated: Authenticated) -> Result<Caller, Refusal> {
    authenticated.require(Operation::WriteSecrets, MAY_NOT_CHANGE)
}

/// The refusal that an error comes to.
pub(super) fn refusal(error: Error) -> Refusal {
    match error {
        Error::Unauthenticated => Refusal::Unauthenticated,
        Error::TooMany { retry_after_seconds } => Refusal::TooMany(retry_after_seconds),
        Error::Forbidden(Denied::Right(Right::Read)) => Refusal::Forbidden(MAY_NOT_READ),
        Error::Forbidden(Denied::Right(Right::Write | Right::Use | Right::Reveal | Right::Admin))
        // One text whether the organisation is somebody else's or nobody's.
        | Error::Forbidden(Denied::Org | Denied::Operator | Denied::MoreThanOwn | Denied::OutsidePattern) => Refusal::Forbidden(MAY_NOT_CHANGE),
        Error::NotFound => Refusal::NotFound("AI secret does not exist or you do not have access to it"),
        Error::NameTaken => Refusal::NameTaken("an AI secret with this name already exists"),
        Error::OrgRequired => Refusal::field("org_name", FieldProblem::Required),
        Error::Invalid(field, problem) => Refusal::field(field_name(field), problem),
        Error::Busy => Refusal::Busy,
        Error::OutcomeUnknown => Refusal::OutcomeUnknown,
        // No secret is ever in the way of others.
        Error::InUse | Error::LastOne(_) | Error::Unusable(_) | Error::Locked | Error::Internal => {
            Refusal::Internal
        }
    }
}

/// What this wire calls a field.
pub(super) const fn field_name(field: Field) -> &'static str {
    match field {
        Field::Metadata => "metadata",
        Field::Id => "ai_secret_id",
        Field::Org => "org_name",
        Field::Project => "project",
        Field::Key => "name",
        Field::Principal => "service_account_id",
        Field::Restriction => "restriction",
        Field::Names => "names",
    }
}
