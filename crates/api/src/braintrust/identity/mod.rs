//! Who may do what: the identity paths that an AI-secret server needs (wire/braintrust.md 7.4).

mod api_keys;
mod hello;
mod key;
mod list;
mod new_key;
mod organizations;
mod path_id;
mod projects;
mod refusals;
mod service_tokens;
mod unserved;
mod users;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::declared::declared;
use crate::state::AppState;

/// The identity paths.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(declared(routes!(hello::hello)))
        .routes(declared(routes!(organizations::list)))
        .routes(declared(routes!(organizations::find)))
        .routes(declared(routes!(api_keys::list, api_keys::create)))
        .routes(declared(routes!(api_keys::find, api_keys::delete)))
        .routes(declared(routes!(
            service_tokens::list,
            service_tokens::create,
            service_tokens::replace,
            service_tokens::delete
        )))
        .routes(declared(routes!(service_tokens::find, service_tokens::delete_by_id)))
        .routes(declared(routes!(users::list)))
        .routes(declared(routes!(users::find)))
        .routes(declared(routes!(projects::list)))
        .routes(declared(routes!(projects::find)))
        .merge(unserved::router())
}
