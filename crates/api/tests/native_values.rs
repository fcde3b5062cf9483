//! The native API's values: revealed, bound to hosts, tested, and how much was used of them.
#![expect(clippy::unwrap_used, reason = "a test that does not find what it needs has failed")]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use keyholt_api::{ApiSettings, AppState, Metrics, app};
use keyholt_engine::{Engine, Spent, TestSecret, Tested, Testing};
use keyholt_testkit::TestEngine;
use keyholt_types::{Caller, SecretId};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tower::ServiceExt;

const OWNER: &str = TestEngine::OWNER_KEY;
const NONE: Value = Value::Null;
const UNKNOWN: &str = "01a1fd70-f23d-726b-b2a7-4de452e6b438";

/// A provider that answers everything with 401.
struct Refusing(Arc<Engine>);

impl TestSecret for Refusing {
    fn test<'a>(&'a self, caller: &'a Caller, id: SecretId) -> Testing<'a> {
        Box::pin(async move { self.0.find_to_test(caller, id).await.map(|_| Tested::Refused { status: 401 }) })
    }
}

struct World {
    app: Router,
    test: TestEngine,
}

impl World {
    async fn make() -> Self {
        Self::with(|engine| Some(Arc::new(Refusing(engine)))).await
    }

    async fn with(tester: impl Fn(Arc<Engine>) -> Option<Arc<dyn TestSecret>>) -> Self {
        let test = TestEngine::in_memory().await;
        let metrics = Metrics::register(&mut Registry::default());
        let tester = tester(Arc::clone(&test.engine));
        let settings = Arc::new(ApiSettings::default());
        let state = AppState::with_tester(Arc::clone(&test.engine), settings, metrics, tester);
        Self { app: app(state), test }
    }

    /// What a request with this API key comes to; the body is null for none.
    async fn send(&self, api_key: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "keyholt.test")
            .header("authorization", format!("Bearer {api_key}"));
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// What the owner's request to the native API comes to that succeeds.
    async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, body) = self.send(OWNER, method, &format!("/keyholt/v1/{path}"), body).await;
        assert_eq!(status, 200, "{method} {path}: {body}");
        body
    }

    /// Why a request to the native API is refused.
    async fn refused(&self, api_key: &str, method: &str, path: &str, body: Value) -> (u16, String) {
        let (status, body) = self.send(api_key, method, &format!("/keyholt/v1/{path}"), body).await;
        (status, text(&body, "message"))
    }

    /// The id of a new secret.
    async fn secret(&self, name: &str, kind: Option<&str>, metadata: Value, value: Option<&str>) -> String {
        let body = json!({"name": name, "type": kind, "metadata": metadata, "value": value});
        text(&self.done("POST", "secrets", body).await, "id")
    }

    async fn key(&self, body: Value) -> String {
        text(&self.done("POST", "api-keys", body).await, "key")
    }
}

fn text(object: &Value, field: &str) -> String {
    object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn each(list: &Value, field: &str) -> Vec<String> {
    list["objects"].as_array().unwrap().iter().map(|object| text(object, field)).collect()
}

#[tokio::test]
async fn a_revealed_secret_is_the_secret_with_its_value_byte_for_byte() {
    let world = World::make().await;
    let id = world.secret("A", Some("openai"), json!({"a": [1.5]}), Some("ü\n\"\\\u{1}")).await;
    let mut revealed = world.done("POST", &format!("secrets/{id}/reveal"), NONE).await;
    let value = revealed.as_object_mut().unwrap().remove("value").unwrap();
    assert_eq!(value, "ü\n\"\\\u{1}");
    assert_eq!(revealed, world.done("GET", &format!("secrets/{id}"), NONE).await);
    let without = world.secret("B", None, NONE, None).await;
    let revealed = world.done("POST", &format!("secrets/{without}/reveal"), NONE).await;
    assert!(revealed["value"].is_null() && revealed.as_object().unwrap().contains_key("value"));
    let missing = format!("secrets/{UNKNOWN}/reveal");
    assert_eq!(world.refused(OWNER, "POST", &missing, NONE).await, (404, "Secret not found".to_owned()));
}

#[tokio::test]
async fn secrets_are_revealed_together_by_name_or_all_that_have_a_value() {
    let world = World::make().await;
    world.secret("A", None, NONE, Some("value-a")).await;
    world.secret("B", None, NONE, Some("value-b")).await;
    world.secret("C", None, NONE, None).await;
    let all = world.done("POST", "secrets/reveal", NONE).await;
    assert_eq!(each(&all, "name"), ["B", "A"]);
    assert_eq!(each(&all, "value"), ["value-b", "value-a"]);
    let some = world.done("POST", "secrets/reveal", json!({"names": ["A", "C", "D"], "org": "default"})).await;
    assert_eq!(each(&some, "value"), ["value-a"]);
    assert_eq!(each(&world.done("POST", "secrets/reveal", json!({"names": []})).await, "name"), [""; 0]);
    let refused = world.refused(OWNER, "POST", "secrets/reveal", json!({"org": "nobody's"})).await;
    assert_eq!(refused, (403, "This API key does not belong to that organisation".to_owned()));
}

#[tokio::test]
async fn the_secrets_of_the_keys_project_are_revealed_when_these_are_asked_for() {
    let world = World::make().await;
    world.secret("A", None, NONE, Some("value-a")).await;
    let body = json!({"name": "web-TOKEN", "value": "value-p"});
    assert_eq!(world.send(OWNER, "POST", "/v1/deployments/secrets", body).await.0, 200);
    let revealed = world.done("POST", "secrets/reveal", json!({"project": true})).await;
    assert_eq!(
        (each(&revealed, "name"), each(&revealed, "value")),
        (vec!["web-TOKEN".into()], vec!["value-p".into()])
    );
    assert!(revealed["objects"][0]["unusable"].is_null());
}

#[tokio::test]
async fn a_key_reveals_what_it_is_narrowed_to_and_every_value_is_in_the_audit_log_before() {
    let world = World::make().await;
    let a = world.secret("A", None, NONE, Some("value-a")).await;
    let b = world.secret("B", None, NONE, Some("value-b")).await;
    let narrow = world.key(json!({"name": "narrow", "role": "resolver", "names": ["A"]})).await;
    let (status, revealed) = world.send(&narrow, "POST", "/keyholt/v1/secrets/reveal", NONE).await;
    assert_eq!((status, each(&revealed, "name")), (200, vec!["A".into()]));
    let missing = world.refused(&narrow, "POST", &format!("secrets/{b}/reveal"), NONE).await;
    assert_eq!(missing, (404, "Secret not found".to_owned()));
    let audit = world.test.audit().await;
    assert_eq!((audit[0].event.action.word(), audit[0].event.subject.id.to_string()), ("secret.reveal", a));
    assert!(audit[1].event.action.word() != "secret.reveal");
    let blind = world.key(json!({"name": "blind", "role": "engineer"})).await;
    let refused = world.refused(&blind, "POST", "secrets/reveal", json!([])).await;
    assert_eq!(refused, (403, "This API key may not reveal values".to_owned()));
}

#[tokio::test]
async fn a_secret_says_where_it_may_be_sent_and_why_it_is_left_out() {
    let world = World::make().await;
    for (name, kind, metadata, value, unusable) in [
        ("fine", Some("openai"), json!(null), Some("v"), json!(null)),
        ("typeless", None, json!(null), Some("v"), json!("type is not the type of a provider")),
        ("empty", Some("openai"), json!(null), None, json!("the secret has no value")),
        ("keyless", Some("ollama"), json!(null), None, json!(null)),
    ] {
        let id = world.secret(name, kind, metadata, value).await;
        let secret = world.done("GET", &format!("secrets/{id}"), NONE).await;
        assert_eq!(secret["unusable"], unusable, "{name}");
        let bound_to = if name == "fine" { json!("https://api.openai.com:443") } else { json!(null) };
        assert_eq!(secret["bound_to"], bound_to, "{name}");
    }
    let azure = world.secret("azure", Some("azure"), json!({}), Some("v")).await;
    let reason = text(&world.done("GET", &format!("secrets/{azure}"), NONE).await, "unusable");
    assert!(reason.starts_with("metadata.api_base "), "{reason}");
}

#[tokio::test]
async fn hosts_that_changed_are_confirmed_by_who_may_write_and_reveal() {
    let world = World::make().await;
    let id = world.secret("A", Some("openai"), json!({"api_base": "https://a.example"}), Some("v")).await;
    let (path, confirm) = (format!("secrets/{id}"), format!("secrets/{id}/confirm-hosts"));
    let changed = json!({"metadata": {"api_base": "https://b.example"}});
    let changed = world.done("PATCH", &path, changed).await;
    assert!(text(&changed, "unusable").starts_with("the hosts changed since the value was written"));
    assert_eq!(changed["bound_to"], "https://a.example:443");
    for (rights, message) in [
        (json!(["reveal", "use", "read"]), "This API key may not change secrets"),
        (json!(["write", "use", "read"]), "This API key may not reveal values"),
    ] {
        let lacking = world.key(json!({"name": "lacking", "rights": rights})).await;
        assert_eq!(world.refused(&lacking, "POST", &confirm, NONE).await, (403, message.to_owned()));
    }
    let both = world.key(json!({"name": "both", "rights": ["write", "reveal"]})).await;
    let (status, confirmed) = world.send(&both, "POST", &format!("/keyholt/v1/{confirm}"), NONE).await;
    assert_eq!((status, &confirmed["unusable"]), (200, &NONE));
    assert_eq!(confirmed["bound_to"], "https://b.example:443");
    assert_eq!(world.test.audit().await[0].event.action.word(), "secret.confirm_hosts");
    // Once more changes nothing.
    assert_eq!(world.done("POST", &confirm, NONE).await, confirmed);
    let missing = format!("secrets/{UNKNOWN}/confirm-hosts");
    assert_eq!(world.refused(OWNER, "POST", &missing, NONE).await.0, 404);
}

#[tokio::test]
async fn a_test_says_what_the_provider_makes_of_the_value() {
    let world = World::make().await;
    let id = world.secret("A", Some("openai"), NONE, Some("v")).await;
    let tested = world.done("POST", &format!("secrets/{id}/test"), NONE).await;
    let detail = "the provider does not take the value: it answered 401";
    assert_eq!(tested, json!({"result": "refused", "status": 401, "detail": detail}));
    let id = world.secret("B", None, NONE, Some("v")).await;
    let tested = world.done("POST", &format!("secrets/{id}/test"), NONE).await;
    assert_eq!(tested["result"], "unusable");
    assert_eq!(world.refused(OWNER, "POST", &format!("secrets/{UNKNOWN}/test"), NONE).await.0, 404);
    assert_eq!(world.refused(OWNER, "POST", "secrets/x/test", NONE).await.0, 400);
    let without = World::with(|_| None).await;
    let id = without.secret("A", Some("openai"), NONE, Some("v")).await;
    assert_eq!(without.refused(OWNER, "POST", &format!("secrets/{id}/test"), NONE).await.0, 400);
}

/// Uses a secret once with this API key, as the gateway does.
async fn spend(world: &World, api_key: &str, id: &str, spent: Spent) {
    let caller = world.test.caller(api_key).await.unwrap();
    let usable = world.test.engine.find_to_test(&caller, SecretId::parse(id).unwrap()).await.unwrap();
    world.test.engine.count_spent(&caller, &usable, spent);
}

#[tokio::test]
async fn usage_is_totals_of_each_secret_with_each_key_page_by_page() {
    let world = World::make().await;
    let a = world.secret("A", Some("openai"), NONE, Some("v")).await;
    let b = world.secret("B", Some("openai"), NONE, Some("v")).await;
    let app = world.key(json!({"name": "app", "role": "app"})).await;
    let ok = Spent { status: Some(200), bytes_up: 10, bytes_down: 20, input_tokens: 3, output_tokens: 4 };
    for (api_key, id, spent) in
        [(OWNER, &a, ok), (OWNER, &a, Spent { status: None, ..ok }), (&app, &a, ok), (&app, &b, ok)]
    {
        spend(&world, api_key, id, spent).await;
    }
    world.test.engine.write_down_observations().await;
    let all = world.done("GET", "usage", NONE).await;
    assert_eq!(each(&all, "secret_name"), ["A", "A", "B"]);
    let owner = world.test.owner.identity.api_key.to_string();
    let of_owner = world.done("GET", &format!("usage?api_key={owner}&secret={a}&org=default"), NONE).await;
    let total = &of_owner["objects"][0];
    for (field, expected) in [
        ("requests", json!(2)),
        ("failed", json!(1)),
        ("bytes_up", json!(20)),
        ("bytes_down", json!(40)),
        ("input_tokens", json!(6)),
        ("output_tokens", json!(8)),
        ("last_status", NONE),
        ("secret_id", json!(a)),
        ("api_key_id", json!(owner)),
        ("last_used_at", json!("2026-11-21T09:30:00.125Z")),
    ] {
        assert_eq!(total[field], expected, "{field}");
    }
    assert_eq!(of_owner["objects"].as_array().unwrap().len(), 1);
    assert_eq!(each(&world.done("GET", &format!("usage?secret={b}"), NONE).await, "secret_name"), ["B"]);
    assert_eq!(each(&world.done("GET", "usage?org=nobody's", NONE).await, "id"), [""; 0]);
    let mut pages = Vec::new();
    let mut after = String::new();
    loop {
        let page = world.done("GET", &format!("usage?limit=1{after}"), NONE).await;
        let Some(id) = each(&page, "id").pop() else { break };
        after = format!("&starting_after={id}");
        pages.push(id);
    }
    assert_eq!(pages, each(&all, "id"));
}

#[tokio::test]
async fn usage_of_what_is_out_of_a_keys_reach_is_not_there() {
    let world = World::make().await;
    let a = world.secret("A", Some("openai"), NONE, Some("v")).await;
    let b = world.secret("B", Some("openai"), NONE, Some("v")).await;
    for id in [&a, &b] {
        spend(&world, OWNER, id, Spent::default()).await;
    }
    world.test.engine.write_down_observations().await;
    let narrow = world.key(json!({"name": "narrow", "role": "viewer", "names": ["A"]})).await;
    let of_narrow = async || world.send(&narrow, "GET", "/keyholt/v1/usage", NONE).await.1;
    assert_eq!(each(&of_narrow().await, "secret_name"), ["A"]);
    for id in [&a, &b] {
        world.done("DELETE", &format!("secrets/{id}"), NONE).await;
    }
    // Of what is deleted nobody can tell whether it was within reach; who is not narrowed sees it go on.
    assert_eq!(each(&of_narrow().await, "id"), [""; 0]);
    let all = world.done("GET", "usage", NONE).await;
    assert_eq!(each(&all, "secret_id"), [a, b]);
    assert!(all["objects"][0]["secret_name"].is_null());
    let app = world.key(json!({"name": "app", "role": "app"})).await;
    assert_eq!(world.refused(&app, "GET", "usage", NONE).await.0, 403);
}
