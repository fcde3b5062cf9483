//! Who asks. Runs before a body is read and before anything else of the request is looked at
//! (wire/braintrust.md 1.5).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use keyholt_engine::{Engine, Error, Operation};
use keyholt_types::{Caller, RequestContext};

use crate::refusal::Refusal;
use crate::state::AppState;

/// A request with exactly one valid credential, which is none for a short time: such a one is for the gateway and for
/// proxies alone, and unknown everywhere else (design/decisions.md 24).
pub(crate) struct Authenticated {
    pub(crate) caller: Caller,
    engine: Arc<Engine>,
}

impl Authenticated {
    /// The caller, if it has the right for this in at least one organisation: the early 403, before the body
    /// is read. The engine checks again, in the organisation that is meant.
    ///
    /// # Errors
    /// 403 with this text.
    pub(crate) fn require(self, operation: Operation, denied: &'static str) -> Result<Caller, Refusal> {
        let allowed = self.engine.require(&self.caller, operation);
        allowed.map(|()| self.caller).map_err(|_| Refusal::Forbidden(denied))
    }

    /// The caller, if it is an operator.
    ///
    /// # Errors
    /// 403 with this text.
    pub(crate) fn require_operator(self, denied: &'static str) -> Result<Caller, Refusal> {
        let allowed = self.engine.require_operator(&self.caller);
        allowed.map(|()| self.caller).map_err(|_| Refusal::Forbidden(denied))
    }
}

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let caller = authenticate(parts, state).await?;
        if caller.identity.temporary.is_some() {
            return Err(refusal_of_authentication(state.engine.refuse_unauthenticated(caller.request)));
        }
        Ok(Self { caller, engine: Arc::clone(&state.engine) })
    }
}

/// A request with exactly one valid credential, be it for a short time or not.
pub(crate) struct AuthenticatedProxy(pub(crate) Caller);

impl FromRequestParts<AppState> for AuthenticatedProxy {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        authenticate(parts, state).await.map(Self)
    }
}

async fn authenticate(parts: &Parts, state: &AppState) -> Result<Caller, Refusal> {
    // The door puts it there on every request.
    let request = *parts.extensions.get::<RequestContext>().ok_or(Refusal::Internal)?;
    let headers = parts.headers.get_all(AUTHORIZATION);
    let credential = keyholt_engine::credential_from_headers(headers.iter().map(http::HeaderValue::as_bytes));
    let caller = match credential {
        Some(credential) => state.engine.authenticate(&credential, request).await,
        None => Err(state.engine.refuse_unauthenticated(request)),
    };
    caller.map_err(refusal_of_authentication)
}

fn refusal_of_authentication(error: Error) -> Refusal {
    match error {
        Error::Unauthenticated => Refusal::Unauthenticated,
        Error::TooMany { retry_after_seconds } => Refusal::TooMany(retry_after_seconds),
        Error::Busy => Refusal::Busy,
        // None of these comes of authenticating.
        Error::Forbidden(_)
        | Error::NotFound
        | Error::NameTaken
        | Error::InUse
        | Error::LastOne(_)
        | Error::Unusable(_)
        | Error::OrgRequired
        | Error::Invalid(..)
        | Error::Locked
        | Error::OutcomeUnknown
        | Error::Internal => Refusal::Internal,
    }
}
