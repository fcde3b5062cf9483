//! A server in the process, asked as clients ask.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use keyholt_api::{ApiSettings, AppState, Metrics, app};
use keyholt_testkit::TestEngine;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const OWNER: &str = TestEngine::OWNER_KEY;
pub(crate) const UNKNOWN: &str = "01a1fd70-f23d-726b-b2a7-4de452e6b438";

pub(crate) const ORGANIZATION: &[&str] = &[
    "api_url",
    "created",
    "id",
    "image_rendering_mode",
    "is_dataplane_private",
    "is_universal_api",
    "name",
    "proxy_url",
    "realtime_url",
];
pub(crate) const API_KEY: &[&str] = &[
    "created",
    "id",
    "name",
    "org_id",
    "preview_name",
    "user_email",
    "user_family_name",
    "user_given_name",
    "user_id",
];
pub(crate) const SERVICE_TOKEN: &[&str] = &[
    "created",
    "id",
    "name",
    "org_id",
    "preview_name",
    "service_account_email",
    "service_account_id",
    "service_account_name",
];
pub(crate) const USER: &[&str] = &["avatar_url", "created", "email", "family_name", "given_name", "id"];
pub(crate) const PROJECT: &[&str] =
    &["created", "deleted_at", "description", "id", "name", "org_id", "settings", "user_id"];

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The JSON of a success, which holds just these keys.
    #[track_caller]
    pub(crate) fn object(&self, keys: &[&str]) -> Value {
        assert_eq!((self.status, self.header("content-type")), (200, "application/json"), "{}", self.text);
        let object = self.json();
        let mut found: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
        found.sort_unstable();
        assert_eq!(found, keys);
        object
    }

    /// This field of each object of a list.
    #[track_caller]
    pub(crate) fn each(&self, field: &str) -> Vec<String> {
        let list = self.object(&["objects"]);
        list["objects"].as_array().unwrap().iter().map(|object| text(object, field)).collect()
    }

    /// The status and sentence of a refusal.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, text(&self.json(), "message"))
    }
}

pub(crate) fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn refusal(status: u16, message: &str) -> (u16, String) {
    (status, message.to_owned())
}

/// A server in the process.
pub(crate) struct World {
    app: Router,
    pub(crate) test: TestEngine,
}

impl World {
    pub(crate) async fn make() -> Self {
        Self::with(ApiSettings::default()).await
    }

    pub(crate) async fn with(settings: ApiSettings) -> Self {
        Self::of(TestEngine::in_memory().await, settings)
    }

    pub(crate) fn on(test: TestEngine) -> Self {
        Self::of(test, ApiSettings::default())
    }

    fn of(test: TestEngine, settings: ApiSettings) -> Self {
        let metrics = Metrics::register(&mut Registry::default());
        let app = app(AppState::new(Arc::clone(&test.engine), Arc::new(settings), metrics));
        Self { app, test }
    }

    pub(crate) async fn request(&self, request: http::request::Builder, body: Body) -> Answer {
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// Sends with an API key; the body is as clients send it, null for none.
    pub(crate) async fn send(&self, api_key: &str, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(path).header("host", "keyholt.test:8787");
        let request = request.header("authorization", format!("Bearer {api_key}"));
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.request(request, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(OWNER, "GET", path, Value::Null).await
    }

    /// Makes something through the native API.
    pub(crate) async fn native(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.send(OWNER, method, &format!("/keyholt/v1/{path}"), body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text);
        answer.json()
    }

    pub(crate) async fn account(&self, kind: &str, name: &str, role: &str) -> String {
        let body = json!({"kind": kind, "name": name, "email": format!("{name}@example.com"), "role": role});
        text(&self.native("POST", "principals", body).await, "id")
    }

    /// The text of a new API key with this role in `default`.
    pub(crate) async fn key(&self, name: &str, role: &str) -> String {
        text(&self.native("POST", "api-keys", json!({"name": name, "role": role})).await, "key")
    }

    /// Lists with each of these queries, each of which is to give these names.
    pub(crate) async fn lists(&self, path: &str, field: &str, cases: &[(String, &[&str])]) {
        for (query, names) in cases {
            assert_eq!(self.get(&format!("{path}?{query}")).await.each(field), *names, "{path}?{query}");
        }
    }
}
