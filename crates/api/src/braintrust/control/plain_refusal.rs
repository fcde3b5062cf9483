//! The one form of a refusal on the control plane (wire/braintrust.md 6).

use axum::response::{IntoResponse, Response};

use crate::refusal::Refusal;
use crate::room::Room;

/// A refusal as this plane sends it.
pub(super) struct PlainRefusal(Refusal);

impl From<Refusal> for PlainRefusal {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for PlainRefusal {
    fn into_response(self) -> Response {
        Room::Control.refuse(self.0)
    }
}
