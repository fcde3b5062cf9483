//! Paths of the vendor that look like one of ours, an id's, and are not served (wire/braintrust.md 7.4).

use std::future::ready;

use axum::routing::any;
use utoipa_axum::router::OpenApiRouter;

use crate::refusal::Refusal;
use crate::state::AppState;

/// They are unknown like everything else there.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().route("/v1/organization/members", any(|| ready(Refusal::UnknownPath)))
}
