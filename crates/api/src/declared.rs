//! Which methods a path answers to.

use std::future::ready;

use http::{HeaderValue, Method};
use utoipa::openapi::path::PathItem;
use utoipa_axum::router::UtoipaMethodRouter;

use crate::refusal::Refusal;
use crate::state::AppState;

/// A path that answers to exactly the methods of these handlers. Every other one is 405 with an
/// `Allow` that is read off the handlers; HEAD too, which axum would otherwise answer as a GET
/// (wire/braintrust.md 1.4).
pub(crate) fn declared((schemas, paths, router): UtoipaMethodRouter<AppState>) -> UtoipaMethodRouter<AppState> {
    let methods = paths.paths.values().flat_map(methods);
    let allow = methods.map(|method| method.to_string()).collect::<Vec<_>>().join(", ");
    let allow = HeaderValue::try_from(allow).unwrap_or(HeaderValue::from_static(""));
    let refuse = move || ready(Refusal::Method(allow.clone()));
    (schemas, paths, router.head(refuse.clone()).fallback(refuse))
}

/// The methods that a path answers to, in the order in which `Allow` names them.
pub(crate) fn methods(path: &PathItem) -> impl Iterator<Item = Method> + use<> {
    [
        (Method::GET, path.get.is_some()),
        (Method::POST, path.post.is_some()),
        (Method::PUT, path.put.is_some()),
        (Method::PATCH, path.patch.is_some()),
        (Method::DELETE, path.delete.is_some()),
        (Method::OPTIONS, path.options.is_some()),
    ]
    .into_iter()
    .filter_map(|(method, is_declared)| is_declared.then_some(method))
}
