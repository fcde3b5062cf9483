//! The id in a path.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use keyholt_types::FieldProblem;

use crate::refusal::Refusal;

/// The id in a path. What is wrong with it is told only when all that comes before has been checked
/// (wire/braintrust.md 1.5).
pub(super) struct PathId(Option<String>);

impl PathId {
    /// The id; `name` is what the path calls it.
    ///
    /// # Errors
    /// 400 when it is no UUID.
    pub(super) fn parse<Id>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Option<Id>,
    ) -> Result<Id, Refusal> {
        let id = self.0.as_deref().and_then(parse);
        id.ok_or(Refusal::field(name, FieldProblem::MustBe("a UUID")))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        Ok(Self(parameters.ok().and_then(|parameters| Some(parameters.iter().next()?.1.to_owned()))))
    }
}
