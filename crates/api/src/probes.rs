//! Routes for those who look after the server: no API key, no detail.

use std::future::ready;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use prometheus_client::registry::Registry;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer;
use crate::declared::declared;
use crate::refusal::{ErrorBody, Refusal};
use crate::state::AppState;

/// The room's routes.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(declared(routes!(healthz))).routes(declared(routes!(readyz)))
}

/// How the server is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`
    #[schema(value_type = String)]
    status: &'static str,
}

/// Whether the process answers at all.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "Health",
    operation_id = "getHealth",
    security(()),
    responses((status = 200, description = "It answers", body = Health))
)]
async fn healthz() -> Response {
    answer::json(&Health { status: "ok" })
}

/// How ready the server is.
#[derive(Serialize, ToSchema)]
struct Readiness {
    /// `ok`
    #[schema(value_type = String)]
    status: &'static str,
    /// Where the records are: `sqlite` or `postgresql`
    #[schema(value_type = String)]
    database: &'static str,
    /// What an acknowledged change survives: `local-only`, the crash of the machine that holds it; `replicated`, its
    /// loss too
    #[schema(value_type = String)]
    durability: &'static str,
}

/// Whether requests can be served: the database answers, and what other nodes did is known.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "Health",
    operation_id = "getReadiness",
    security(()),
    responses(
        (status = 200, description = "Requests can be served", body = Readiness),
        (status = 503, description = "They cannot", body = ErrorBody),
    )
)]
async fn readyz(State(app): State<AppState>) -> Result<Response, Refusal> {
    // Why not is in the log.
    app.engine.health().await.map_err(|_| Refusal::DatabaseAway)?;
    Ok(answer::json(&Readiness {
        status: "ok",
        database: if app.engine.is_shared() { "postgresql" } else { "sqlite" },
        durability: app.engine.durability().word(),
    }))
}

/// `GET /metrics` in the OpenMetrics text form, for a listener of its own that needs no API key.
pub fn metrics_router(registry: Arc<Registry>) -> Router {
    Router::new().route("/metrics", get(move || ready(metrics(&registry))))
}

fn metrics(registry: &Registry) -> Response {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, registry) {
        Ok(()) => ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
            .into_response(),
        Err(_) => Refusal::Internal.into_response(),
    }
}
