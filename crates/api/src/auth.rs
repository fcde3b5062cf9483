//! Who asks. Runs before a body is read and before anything else of the request is looked at
//! (wire/braintrust.md 1.5).

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use keyholt_engine::Error;
use keyholt_types::{Caller, RequestContext, Right};

use crate::refusal::Refusal;
use crate::state::AppState;

/// A request with exactly one valid credential.
pub(crate) struct Authenticated(pub(crate) Caller);

impl Authenticated {
    /// The caller, if it has this right in at least one organisation: the early 403, before the body
    /// is read. The engine checks again, in the organisation that is meant.
    ///
    /// # Errors
    /// 403 with this text.
    pub(crate) fn require(self, right: Right, denied: &'static str) -> Result<Caller, Refusal> {
        if self.0.identity.has_anywhere(right) { Ok(self.0) } else { Err(Refusal::Forbidden(denied)) }
    }
}

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let headers = parts.headers.get_all(AUTHORIZATION);
        let credential =
            keyholt_engine::credential_from_headers(headers.iter().map(http::HeaderValue::as_bytes))
                .ok_or(Refusal::Unauthenticated)?;
        // The door puts it there on every request.
        let request = *parts.extensions.get::<RequestContext>().ok_or(Refusal::Internal)?;
        let caller = state.engine.authenticate(&credential, request).await;
        caller.map(Self).map_err(refusal_of_authentication)
    }
}

fn refusal_of_authentication(error: Error) -> Refusal {
    match error {
        Error::Unauthenticated => Refusal::Unauthenticated,
        Error::Busy => Refusal::Busy,
        // None of these comes of authenticating.
        Error::Forbidden(_)
        | Error::NotFound
        | Error::NameTaken
        | Error::OrgRequired
        | Error::Invalid(..)
        | Error::Locked
        | Error::OutcomeUnknown
        | Error::Internal => Refusal::Internal,
    }
}
