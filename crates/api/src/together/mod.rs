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

#[cfg(feature = "fuzzing")]
pub(crate) use fields::SecretFields;

/// The prefixes under which clients look for the collection, by the base URL that they are given.
const COLLECTIONS: [&str; 3] =
    ["/v1/deployments/secrets", "/deployments/secrets", "/v1/v1/deployments/secrets"];

/// Where clients ask who they are.
const WHOAMI: [&str; 4] = ["/v3/whoami", "/v1/whoami", "/v1/v3/whoami", "/whoami"];

/// The room's routes.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    let collection = OpenApiRouter::default()
        .routes(declared(routes!(list::list, create::create)))
        .routes(declared(routes!(find::find, patch::patch, delete::delete)));
    let whoami = OpenApiRouter::default().routes(declared(routes!(whoami::whoami)));
    served_under(&COLLECTIONS, collection).merge(served_under(&WHOAMI, whoami))
}

/// The same routes under several paths. Only under the first do operations have an id, since an id
/// stands once in a description.
fn served_under(paths: &[&str], mut routes: OpenApiRouter<AppState>) -> OpenApiRouter<AppState> {
    let mut router = OpenApiRouter::default();
    for path in paths {
        router = router.nest(path, routes.clone());
        for item in routes.get_openapi_mut().paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
            operations.into_iter().flatten().for_each(|operation| operation.operation_id = None);
        }
    }
    router
}
