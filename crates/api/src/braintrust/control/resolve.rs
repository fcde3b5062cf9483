//! `POST /api/secret`: the values that serve a model, for an AI proxy (wire/braintrust.md 6).
//!
//! **Invariant:** what is answered is 200 with an array that fits the proxy's schema, or 400: after anything else the
//! proxy sends its caller's own key to the provider (6.1).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{Denied, Error, OrgChoice, ResolveRequest};
use utoipa::ToSchema;

use super::plain_refusal::PlainRefusal;
use super::resolved_secret::Resolved;
use crate::answer;
use crate::auth::AuthenticatedProxy;
use crate::body::UnreadBody;
use crate::braintrust::refusals;
use crate::fields::Fields;
use crate::refusal::Refusal;
use crate::state::AppState;

/// Describes the body; other fields, such as `mode`, are ignored.
#[derive(ToSchema)]
#[schema(as = BraintrustResolve)]
#[expect(dead_code, reason = "only its description is used")]
struct Resolve {
    /// The model; every AI secret that fits when it is null or absent
    model: Option<String>,
    /// Name of the organization; all of the API key's when it is null or absent
    org_name: Option<String>,
}

/// Look up the AI secrets that serve a model
///
/// With their values, the most recently created first. Only for API keys with the right `reveal`, or with `use` from the
/// addresses of trusted proxies. AI secrets that do not fit the proxy's schema are left out.
#[utoipa::path(
    post,
    path = "/api/secret",
    tag = "Control plane",
    operation_id = "postSecret",
    request_body = Resolve,
    security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "The AI secrets", body = Vec<Resolved<'static>>),
        (status = 400, description = "Any refusal, in one sentence", content_type = "text/plain", body = String),
    )
)]
pub(super) async fn resolve(
    State(app): State<AppState>,
    caller: Result<AuthenticatedProxy, Refusal>,
    body: UnreadBody,
) -> Result<Response, PlainRefusal> {
    let AuthenticatedProxy(caller) = caller?;
    app.engine.require_to_resolve(&caller).map_err(refusal)?;
    let mut fields = Fields::parse(&body.read().await?, &["model", "org_name"])?;
    let (model, org) = (fields.take_string("model")?, fields.take_string("org_name")?);
    let request = ResolveRequest { model: model.as_deref(), org: OrgChoice::from_option(org.as_deref()) };
    let resolved = app.engine.resolve(&caller, request).await.map_err(refusal)?;
    let rows: Vec<Resolved<'_>> = resolved.iter().map(Resolved::from).collect();
    Ok(answer::json_with_values(&rows).map_err(|_| Refusal::Internal)?)
}

/// The refusal that an error comes to; its text is shown to the proxy's users.
fn refusal(error: Error) -> Refusal {
    match error {
        Error::Forbidden(Denied::Right(_)) => Refusal::Forbidden("This API key may not reveal AI secrets"),
        // One text whether the organisation is somebody else's or nobody's.
        Error::Forbidden(Denied::Org) => {
            Refusal::NotFound("Organization does not exist or you do not have access to it")
        }
        Error::Forbidden(Denied::OutsidePattern) => Refusal::Forbidden("This credential is for another model"),
        Error::Forbidden(Denied::Operator | Denied::MoreThanOwn)
        | Error::Unauthenticated
        | Error::TooMany { .. }
        | Error::NotFound
        | Error::InUse
        | Error::LastOne(_)
        | Error::NameTaken
        | Error::OrgRequired
        | Error::Invalid(..)
        | Error::Unusable(_)
        | Error::Locked
        | Error::Busy
        | Error::OutcomeUnknown
        | Error::Internal => refusals::refusal(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use axum::body::Body;
    use axum::routing::post;
    use http::Request;
    use http_body_util::BodyExt;
    use keyholt_testkit::TestEngine;
    use prometheus_client::registry::Registry;
    use tower::ServiceExt;

    use super::*;
    use crate::door::DoorLayer;
    use crate::metrics::Metrics;
    use crate::state::ApiSettings;

    #[tokio::test]
    async fn a_panic_is_a_refusal_like_any_other() {
        let engine = TestEngine::in_memory().await.engine;
        let metrics = Metrics::register(&mut Registry::default());
        let state = AppState::new(engine, Arc::new(ApiSettings::default()), metrics);
        let panics = post(async || -> Response { panic!("sk-very-private") });
        let app: Router = Router::new().route("/api/secret", panics).layer(DoorLayer(state));
        let request = Request::post("/api/secret").header("host", "keyholt.test").body(Body::empty());
        let answer = app.oneshot(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(text, "Internal error");
    }
}
