//! The control plane: `/api` (wire/braintrust.md 6, 7.1, 7.3).
//!
//! **Invariant:** every refusal here is 400 with one sentence of plain text.

mod list_secrets;
mod login;
mod plain_refusal;
mod resolve;
mod resolved_secret;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::declared::declared;
use crate::state::AppState;

/// The control plane's routes.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(declared(routes!(login::login)))
        .routes(declared(routes!(list_secrets::list_secrets)))
        .routes(declared(routes!(resolve::resolve)))
}
