//! Secrets of projects: `/v1/deployments/secrets`, and whoami (wire/together.md).
//!
//! **Invariant:** no answer of this room holds a value.

mod create;
mod delete;
mod fields;
mod find;
mod list;
mod patch;
mod path;
mod refusals;
mod secret;
mod whoami;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::declared::declared;
use crate::state::AppState;

/// The prefixes under which clients look for the collection, by the base URL that they are given.
const COLLECTIONS: [&str; 3] =
    ["/v1/deployments/secrets", "/deployments/secrets", "/v1/v1/deployments/secrets"];

/// Where clients ask who they are.
const WHOAMI: [&str; 4] = ["/v3/whoami", "/v1/whoami", "/v1/v3/whoami", "/whoami"];

/// The room's routes.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    let mut router = OpenApiRouter::default();
    for prefix in COLLECTIONS {
        let collection = OpenApiRouter::default()
            .routes(declared(routes!(list::list, create::create)))
            .routes(declared(routes!(find::find, patch::patch, delete::delete)));
        router = router.nest(prefix, collection);
    }
    for path in WHOAMI {
        router = router.nest(path, OpenApiRouter::default().routes(declared(routes!(whoami::whoami))));
    }
    router
}
