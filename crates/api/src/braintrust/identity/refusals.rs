//! What the engine refuses, in the words of the identity paths (wire/braintrust.md 1.4, 7.4).

use keyholt_engine::{Denied, Error, Operation};
use keyholt_types::{Caller, FieldProblem};

use crate::auth::Authenticated;
use crate::braintrust::refusals::field_name;
use crate::refusal::Refusal;

const MAY_NOT_ADMINISTER: &str = "This API key may not administer the organization";

/// A caller that may administer somewhere.
pub(super) fn administrator(authenticated: Authenticated) -> Result<Caller, Refusal> {
    authenticated.require(Operation::ManageIdentity, MAY_NOT_ADMINISTER)
}

/// The refusal that an error comes to; `not_found` is the text of a 404.
pub(super) fn refusal(error: Error, not_found: &'static str) -> Refusal {
    match error {
        Error::Unauthenticated => Refusal::Unauthenticated,
        Error::TooMany { retry_after_seconds } => Refusal::TooMany(retry_after_seconds),
        Error::Forbidden(Denied::MoreThanOwn) => {
            Refusal::Forbidden("This API key and the service account have no right in common")
        }
        // One text whether the organisation is somebody else's or nobody's.
        Error::Forbidden(_) => Refusal::Forbidden(MAY_NOT_ADMINISTER),
        Error::NotFound => Refusal::NotFound(not_found),
        Error::OrgRequired => Refusal::field("org_name", FieldProblem::Required),
        Error::Invalid(field, problem) => Refusal::field(field_name(field), problem),
        Error::LastOne(one) => Refusal::LastOne(one),
        Error::Busy => Refusal::Busy,
        Error::OutcomeUnknown => Refusal::OutcomeUnknown,
        // Names need not be unique here, and nothing is deleted that others need.
        Error::NameTaken | Error::InUse | Error::Unusable(_) | Error::Locked | Error::Internal => {
            Refusal::Internal
        }
    }
}
