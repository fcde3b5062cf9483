//! `POST /api/apikey/login`: where to go on with an API key (wire/braintrust.md 7.1).

use axum::extract::State;
use axum::response::Response;
use keyholt_types::OrgId;
use serde::Serialize;
use utoipa::ToSchema;

use super::plain_refusal::PlainRefusal;
use crate::answer;
use crate::auth::Authenticated;
use crate::braintrust::api_url::ApiUrl;
use crate::refusal::Refusal;
use crate::state::AppState;

/// The organisations of an API key.
#[derive(Serialize, ToSchema)]
#[schema(as = BraintrustLogin)]
struct Login<'a> {
    /// One entry for each organization; at least one
    #[schema(inline)]
    org_info: Vec<OrgInfo<'a>>,
}

/// An organisation, and where it is served. All seven keys are always present.
#[derive(Serialize, ToSchema)]
struct OrgInfo<'a> {
    /// Unique identifier for the organization
    #[schema(value_type = String, format = "uuid")]
    id: OrgId,
    /// Name of the organization
    #[schema(value_type = String)]
    name: &'a str,
    /// The base URL of this server; never empty
    #[schema(value_type = String)]
    api_url: &'a str,
    /// Always null
    #[schema(value_type = Option<Object>, required)]
    git_metadata: Option<bool>,
    /// Always null
    #[schema(required)]
    is_universal_api: Option<bool>,
    /// The base URL of the AI proxy
    #[schema(value_type = Option<String>, required)]
    proxy_url: Option<&'a str>,
    /// Always null
    #[schema(value_type = Option<String>, required)]
    realtime_url: Option<&'a str>,
}

/// Log in with an API key
///
/// Says which organizations the API key belongs to and under which URLs they are served. The body is not read.
#[utoipa::path(
    post,
    path = "/api/apikey/login",
    tag = "Control plane",
    operation_id = "postApikeyLogin",
    security(("bearerAuth" = [])),
    responses(
        (status = 200, description = "The organizations of the API key", body = Login),
        (status = 400, description = "Any refusal, in one sentence", content_type = "text/plain", body = String),
    )
)]
pub(super) async fn login(
    State(app): State<AppState>,
    authenticated: Result<Authenticated, Refusal>,
    api_url: Result<ApiUrl, Refusal>,
) -> Result<Response, PlainRefusal> {
    let Authenticated { caller, .. } = authenticated?;
    let ApiUrl(api_url) = api_url?;
    let proxy_url = app.settings.proxy_url.as_deref();
    let org_info = caller.identity.orgs.iter().map(|grant| OrgInfo {
        id: grant.org,
        name: &grant.org_name,
        api_url: &api_url,
        git_metadata: None,
        is_universal_api: None,
        proxy_url,
        realtime_url: None,
    });
    Ok(answer::json(&Login { org_info: org_info.collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_seven_keys_are_always_present() {
        let info = OrgInfo {
            id: OrgId::MIN,
            name: "acme",
            api_url: "https://keyholt.example.com",
            git_metadata: None,
            is_universal_api: None,
            proxy_url: None,
            realtime_url: None,
        };
        insta::assert_snapshot!(serde_json::to_string(&Login { org_info: vec![info] }).unwrap(), @r#"{"org_info":[{"id":"00000000-0000-0000-0000-000000000000","name":"acme","api_url":"https://keyholt.example.com","git_metadata":null,"is_universal_api":null,"proxy_url":null,"realtime_url":null}]}"#);
    }
}
