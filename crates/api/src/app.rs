//! All rooms behind one door, and the one table that both the router and the OpenAPI document come of.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{Method, Uri};
use tower::Service;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::bodies::without_null_bodies;
use crate::declared::{declared, methods};
use crate::door::DoorLayer;
use crate::refusal::Refusal;
use crate::room::{GATEWAY, Room};
use crate::state::AppState;
use crate::{answer, braintrust, native, probes, together};

/// Everything that is served on the main listener, but for the gateway.
pub fn app(state: AppState) -> Router {
    let (router, _) = rooms().split_for_parts();
    behind_door(router, state)
}

/// The same with a gateway, which is given every request below its path as it came, and what describes it.
pub fn app_with_gateway<G>(state: AppState, gateway: G, description: OpenApi) -> Router
where
    G: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    G::Response: IntoResponse,
    G::Future: Send + 'static,
{
    let (router, _) = rooms().split_for_parts();
    // A state serves one application.
    let _ = state.gateway_description.set(description);
    let below = format!("{GATEWAY}/{{*path}}");
    behind_door(router.route_service(GATEWAY, gateway.clone()).route_service(&below, gateway), state)
}

fn behind_door(router: Router<AppState>, state: AppState) -> Router {
    router.fallback(unknown_path).layer(DoorLayer(state.clone())).with_state(state)
}

/// The description of everything that is served, but for the gateway.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut openapi = rooms().into_openapi();
    // A parameter that takes the rest of the path is written `{*id}` for the router only.
    let paths = std::mem::take(&mut openapi.paths.paths);
    openapi.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    openapi.paths.paths.values_mut().for_each(without_null_bodies);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = openapi.components.get_or_insert_default();
    components.add_security_scheme("bearerAuth", SecurityScheme::Http(bearer));
    openapi
}

/// Every route: a method and a path, parameters in braces.
#[must_use]
pub fn routes() -> Vec<(Method, String)> {
    let paths = openapi().paths.paths;
    let each =
        |(path, item)| methods(&item).map(move |method| (method, String::clone(&path))).collect::<Vec<_>>();
    paths.into_iter().flat_map(each).collect()
}

fn rooms() -> OpenApiRouter<AppState> {
    let info = InfoBuilder::new()
        .title("Keyholt")
        .description(Some("A self-hosted store for the API keys of AI providers."))
        .version(env!("CARGO_PKG_VERSION"))
        .build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build())
        .merge(braintrust::router())
        .merge(together::router())
        .merge(native::router())
        .merge(probes::router())
        .routes(declared(routes!(describe)))
}

/// This description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "Description",
    operation_id = "getDescription",
    security(()),
    responses((status = 200, description = "An OpenAPI document", body = Object))
)]
async fn describe(State(app): State<AppState>) -> Result<Response, Refusal> {
    let gateway = || app.gateway_description.get().cloned().unwrap_or_default();
    let text =
        app.description.get_or_init(|| openapi().merge_from(gateway()).to_json().unwrap_or_default().into());
    if text.is_empty() { Err(Refusal::Internal) } else { Ok(answer::json_body(Body::from(text.clone()))) }
}

/// Whoever posts to the control plane, to a path that is not served too, must see a 400: the AI proxy takes
/// any other refusal of a lookup for leave to send its caller's own key on (wire/braintrust.md 6.1). What
/// others ask for there is 404 as everywhere (7.3).
async fn unknown_path(method: Method, uri: Uri) -> Response {
    let room = if method == Method::POST { Room::of(uri.path()) } else { Room::Braintrust };
    room.refuse(Refusal::UnknownPath)
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;

    use super::*;

    #[tokio::test]
    async fn a_post_to_an_unknown_path_of_the_control_plane_is_refused_as_plain_text() {
        let refused = async |method, path| {
            let response = unknown_path(method, Uri::from_static(path)).await;
            let plain =
                response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "text/plain; charset=utf-8");
            (response.status().as_u16(), plain)
        };
        for path in ["/api/secret", "/api/secret/", "/api", "/api/nothing?x"] {
            assert_eq!(refused(Method::POST, path).await, (400, true), "{path}");
        }
        assert_eq!(refused(Method::GET, "/api/models/model_list.json").await, (404, false));
        assert_eq!(refused(Method::POST, "/v1/nothing").await, (404, false));
        assert_eq!(refused(Method::POST, "/apis").await, (404, false));
    }
}
