//! What this wire says of what went wrong (wire/together.md 1.4).

use keyholt_engine::{Error, Field};

use crate::refusal::Refusal;

/// The 403 of list and get.
pub(super) const MAY_NOT_READ: &str = "This API key may not read secrets";

/// The 403 of POST, PATCH and DELETE.
pub(super) const MAY_NOT_CHANGE: &str = "This API key may not change secrets";

/// The refusal for an error of the engine; `denied` is the text of a 403.
pub(super) const fn refusal(error: Error, denied: &'static str) -> Refusal {
    match error {
        Error::Unauthenticated => Refusal::Unauthenticated,
        Error::TooMany { retry_after_seconds } => Refusal::TooMany(retry_after_seconds),
        Error::Forbidden(_) => Refusal::Forbidden(denied),
        Error::NotFound => Refusal::NotFound("Secret not found"),
        Error::NameTaken => Refusal::NameTaken("a secret with this name already exists"),
        Error::Invalid(Field::Id, problem) => Refusal::field("id", problem),
        Error::Busy => Refusal::Busy,
        Error::OutcomeUnknown => Refusal::OutcomeUnknown,
        // A secret of this wire has none of these fields, and its project names the organisation.
        Error::Invalid(
            Field::Metadata
            | Field::Org
            | Field::Project
            | Field::Key
            | Field::Principal
            | Field::Restriction
            | Field::Names,
            _,
        )
        | Error::InUse
        | Error::LastOne(_)
        | Error::Unusable(_)
        | Error::OrgRequired
        | Error::Locked
        | Error::Internal => Refusal::Internal,
    }
}
