//! The id in the path.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use keyholt_types::{FieldProblem, SecretId};

use crate::refusal::Refusal;

/// The `{ai_secret_id}` of a path. What is wrong with it is told only when all that comes before has
/// been checked (wire/braintrust.md 1.5).
pub(super) struct AiSecretId(Option<SecretId>);

impl AiSecretId {
    /// The id.
    ///
    /// # Errors
    /// 400 when it is no UUID.
    pub(super) fn parse(&self) -> Result<SecretId, Refusal> {
        self.0.ok_or(Refusal::field("ai_secret_id", FieldProblem::MustBe("a UUID")))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AiSecretId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        Ok(Self(parameters.ok().and_then(|parameters| SecretId::parse(parameters.iter().next()?.1))))
    }
}
