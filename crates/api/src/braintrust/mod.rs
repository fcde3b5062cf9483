//! AI secrets, `/v1/ai_secret`, with the identity and control-plane paths that their clients touch
//! (wire/braintrust.md).
//!
//! **Invariant:** no answer of this room holds a value, but for that of the resolve lookup.

mod api_url;
mod control;
pub(crate) mod cors;
mod create;
mod delete;
mod delete_named;
mod find;
mod identity;
mod list;
mod page;
mod patch;
mod refusals;
mod replace;
mod secret;
mod secret_id;
mod write_body;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::declared::declared;
use crate::state::AppState;

#[cfg(feature = "fuzzing")]
pub(crate) use patch::parse as parse_patch;
#[cfg(feature = "fuzzing")]
pub(crate) use write_body::WriteBody;

/// The room's routes.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(declared(routes!(
            list::list,
            create::create,
            replace::replace,
            delete_named::delete_named,
            cors::preflight
        )))
        .routes(declared(routes!(find::find, patch::patch, delete::delete, cors::preflight_by_id)))
        .merge(identity::router())
        .merge(control::router())
}
