//! The lookup of an AI proxy, `POST /api/secret` (wire/braintrust.md 6 and 9).

use axum::body::Body;
use http::Request;
use http::header::CONTENT_ENCODING;
use keyholt_api::Peer;
use keyholt_engine::{EngineSettings, Rate, RateLimits};
use keyholt_testkit::TestEngine;
use serde_json::{Value, json};

use crate::world::{Answer, OWNER, UNKNOWN, World, text};

const VALUE: &str = "sk-proj-Wq3vT8mZkL2nR5xB7cY9";

impl World {
    /// Makes an AI secret.
    async fn row(&self, name: &str, kind: Option<&str>, metadata: Value, value: &str) -> Value {
        let body = json!({"name": name, "type": kind, "metadata": metadata, "secret": value});
        let answer = self.send(OWNER, "POST", "/v1/ai_secret", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    async fn resolve(&self, api_key: &str, body: Value) -> Answer {
        self.send(api_key, "POST", "/api/secret", body).await
    }

    /// The names of what serves a model.
    async fn serving(&self, model: &str) -> Vec<String> {
        let answer = self.resolve(OWNER, json!({"model": model, "mode": "full"})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json().as_array().unwrap().iter().map(|row| text(row, "name")).collect()
    }
}

/// A refusal as the proxy must see it: in one sentence, of which none is anybody's id or key.
#[track_caller]
fn assert_refused(answer: &Answer, message: &str) {
    assert_eq!((answer.status, &*answer.text), (400, message));
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert!(!answer.headers.contains_key("location") && !answer.headers.contains_key(CONTENT_ENCODING));
}

#[tokio::test]
async fn a_row_has_the_seven_keys_of_the_wire_and_the_value_as_it_was_stored() {
    let world = World::make().await;
    let made = world.row("OPENAI_API_KEY", Some("openai"), json!({"supportsStreaming": true}), "sk-1\n").await;
    let answer = world.resolve(OWNER, json!({"model": "gpt-4o", "org_name": "default", "mode": "full"})).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let (id, org) = (text(&made, "id"), text(&made, "org_id"));
    assert_eq!(
        answer.text,
        format!(
            r#"[{{"id":"{id}","org_id":"{org}","org_name":"default","name":"OPENAI_API_KEY","type":"openai","secret":"sk-1\n","metadata":{{"supportsStreaming":true}}}}]"#
        )
    );
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn nothing_that_serves_a_model_is_an_empty_array() {
    let world = World::make().await;
    for body in [json!({}), json!({"model": null}), json!({"model": "gpt-4o"}), json!({"model": ""})] {
        let answer = world.resolve(OWNER, body).await;
        assert_eq!((answer.status, &*answer.text), (200, "[]"));
    }
}

#[tokio::test]
async fn without_a_model_every_row_that_fits_is_there_newest_first() {
    let world = World::make().await;
    world.row("A", Some("openai"), Value::Null, VALUE).await;
    world.row("B", Some("groq"), Value::Null, VALUE).await;
    world.row("C", Some("ollama"), json!({"api_base": "x"}), VALUE).await;
    let rows = world.resolve(OWNER, json!({"can_execute_native_inference": [1], "mode": {}})).await.json();
    let names: Vec<_> = rows.as_array().unwrap().iter().map(|row| text(row, "name")).collect();
    assert_eq!(names, ["C", "B", "A"]);
}

#[tokio::test]
async fn a_row_that_does_not_fit_the_proxys_schema_is_left_out() {
    let world = World::make().await;
    world.row("good", Some("openai"), Value::Null, VALUE).await;
    for (name, kind, metadata, value) in [
        ("azure", Some("azure"), json!({}), VALUE),
        ("no type", None, json!(null), VALUE),
        ("other case", Some("OpenAI"), json!(null), VALUE),
        ("null", Some("openai"), json!({"supportsStreaming": null}), VALUE),
        ("in two lines", Some("openai"), json!(null), "abc\ndef"),
        ("after a break", Some("openai"), json!(null), "\nabc"),
        ("no JSON", Some("azure"), json!({"api_base": "https://a.example", "auth_type": "entra_api"}), VALUE),
    ] {
        world.row(name, kind, metadata, value).await;
    }
    assert_eq!(world.serving("gpt-4o").await, ["good"]);
    let without_model = world.resolve(OWNER, json!({"model": null})).await.json();
    assert_eq!(without_model.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_model_is_served_by_its_prefix_or_by_name() {
    let world = World::make().await;
    let custom = json!({"customModels": {"mine": {"format": "openai", "flavor": "chat"}}});
    world.row("plain", Some("openai"), json!(null), VALUE).await;
    world.row("excluded", Some("openai"), json!({"excludeDefaultModels": true}), VALUE).await;
    let listed = json!({"excludeDefaultModels": true, "models": ["gpt-4o"]});
    world.row("listed", Some("openai"), listed, VALUE).await;
    world.row("custom", Some("groq"), custom, VALUE).await;
    assert_eq!(world.serving("gpt-4o").await, ["listed", "plain"]);
    assert_eq!(world.serving("gpt-5").await, ["plain"]);
    assert_eq!(world.serving("mine").await, ["custom"]);
    assert_eq!(world.serving("nobody's").await, [""; 0]);
}

#[tokio::test]
async fn a_value_goes_only_to_the_hosts_that_it_was_written_for() {
    let world = World::make().await;
    let made = world.row("A", Some("openai"), json!({"api_base": "https://a.example/v1"}), VALUE).await;
    assert_eq!(world.serving("gpt-4o").await, ["A"]);
    let path = format!("/v1/ai_secret/{}", text(&made, "id"));
    let elsewhere = json!({"metadata": {"api_base": "https://b.example/v1"}});
    assert_eq!(world.send(OWNER, "PATCH", &path, elsewhere).await.status, 200);
    assert_eq!(world.serving("gpt-4o").await, [""; 0]);
    assert_eq!(world.send(OWNER, "PATCH", &path, json!({"secret": VALUE})).await.status, 200);
    assert_eq!(world.serving("gpt-4o").await, ["A"]);
}

#[tokio::test]
async fn every_refusal_is_400_and_one_sentence() {
    let world = World::make().await;
    world.row("A", Some("openai"), Value::Null, VALUE).await;
    let app = world.key("app", "app").await;
    let may_not = "This API key may not reveal AI secrets";
    for (api_key, body, message) in [
        ("nobody's", json!({"model": "gpt-4o"}), "Missing or invalid API key"),
        (&app, json!({"model": "gpt-4o"}), may_not),
        // Before the body is read.
        (&app, json!("no object"), may_not),
        (OWNER, Value::Null, "a request body is required"),
        (OWNER, json!([]), "the request body must be a JSON object"),
        (OWNER, json!({"model": 7}), "model must be a string"),
        (OWNER, json!({"org_name": []}), "org_name must be a string"),
        (OWNER, json!({"model": "x".repeat(2 << 20)}), "The request body is larger than 1 MiB"),
    ] {
        assert_refused(&world.resolve(api_key, body).await, message);
    }
    let no_org = "Organization does not exist or you do not have access to it";
    world.native("POST", "orgs", json!({"name": "other"})).await;
    for org in ["other", "nobody's", ""] {
        assert_refused(&world.resolve(OWNER, json!({"org_name": org})).await, no_org);
    }
    for body in ["{", "{\"model\":\"a\",\"model\":\"b\"}", "{\"model\":\"\\ud800\"}", "[] []"] {
        let request = Request::post("/api/secret").header("host", "keyholt.test");
        let request = request.header("authorization", format!("Bearer {OWNER}"));
        let answer = world.request(request, Body::from(body)).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (400, "text/plain; charset=utf-8"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn other_methods_are_405_as_everywhere() {
    let world = World::make().await;
    for method in ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
        let answer = world.send(OWNER, method, "/api/secret", Value::Null).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"), "{method}");
    }
}

#[tokio::test]
async fn too_many_requests_are_400_too() {
    let rate = Rate { per_second: 1.try_into().unwrap(), burst: 1.try_into().unwrap() };
    let limits = RateLimits { per_api_key: Some(rate), ..RateLimits::default() };
    let world = World::on(TestEngine::in_memory_with(limits).await);
    let answers = [world.resolve(OWNER, json!({})).await, world.resolve(OWNER, json!({})).await];
    assert_refused(answers.last().unwrap(), "Too many requests, retry later");
}

#[tokio::test]
async fn every_organization_of_the_key_is_looked_through_unless_one_is_named() {
    let world = World::make().await;
    let both = world.test.make_orgs(&["other"]).await;
    for org in ["default", "other"] {
        let body = json!({"name": "A", "type": "openai", "secret": VALUE, "org_name": org});
        assert_eq!(world.send(&both, "POST", "/v1/ai_secret", body).await.status, 200);
    }
    let orgs = async |body| {
        let rows = world.resolve(&both, body).await.json();
        rows.as_array().unwrap().iter().map(|row| text(row, "org_name")).collect::<Vec<_>>()
    };
    assert_eq!(orgs(json!({"model": "gpt-4o"})).await, ["other", "default"]);
    assert_eq!(orgs(json!({"model": "gpt-4o", "org_name": "default"})).await, ["default"]);
}

#[tokio::test]
async fn from_a_trusted_proxy_the_right_to_use_is_enough() {
    let resolvers = vec!["192.0.2.7".parse().unwrap()];
    let settings = EngineSettings { resolvers, ..TestEngine::settings() };
    let world = World::on(TestEngine::in_memory_with_settings(settings).await);
    world.row("A", Some("openai"), Value::Null, VALUE).await;
    let app = world.key("app", "app").await;
    let from = async |address: &str| {
        let peer = Peer(format!("{address}:9").parse().unwrap());
        let request = Request::post("/api/secret").header("host", "keyholt.test").extension(peer);
        let request = request.header("authorization", format!("Bearer {app}"));
        world.request(request, Body::from(r#"{"model":"gpt-4o"}"#)).await
    };
    assert_eq!(from("192.0.2.7").await.json()[0]["secret"], VALUE);
    assert_refused(&from("192.0.2.8").await, "This API key may not reveal AI secrets");
}

#[tokio::test]
async fn each_value_is_in_the_audit_log_and_what_is_left_out_is_not() {
    let world = World::make().await;
    let made = world.row("A", Some("openai"), Value::Null, VALUE).await;
    world.row("B", None, Value::Null, VALUE).await;
    let before = world.test.audit().await.len();
    world.serving("gpt-4o").await;
    let audit = world.test.audit().await;
    assert_eq!(audit.len(), before + 1);
    let event = &audit[0].event;
    assert_eq!((event.action.word(), event.subject.id.to_string()), ("secret.resolve", text(&made, "id")));
}

#[tokio::test]
async fn a_credential_for_a_short_time_resolves_its_model_and_opens_no_other_door() {
    let world = World::make().await;
    world.row("A", Some("openai"), Value::Null, VALUE).await;
    let token = world.test.engine.create_credential(&world.test.owner, Some("gpt-4o".into()), 600).await;
    let token = token.unwrap();
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: a test presents the credential that it made")]
    let short = token.expose();
    assert_eq!(world.resolve(short, json!({"model": "gpt-4o"})).await.json()[0]["secret"], VALUE);
    for body in [json!({"model": "gpt-5"}), json!({})] {
        assert_refused(&world.resolve(short, body).await, "This credential is for another model");
    }
    for (method, path) in [
        ("POST", "/keyholt/v1/secrets/reveal"),
        ("GET", "/keyholt/v1/whoami"),
        ("GET", "/keyholt/v1/usage"),
        ("GET", "/v1/ai_secret"),
        ("GET", "/v1/api_key"),
        ("GET", "/v3/whoami"),
    ] {
        let refused = world.send(short, method, path, Value::Null).await;
        assert_eq!(refused.refusal(), (401, "Missing or invalid API key".to_owned()), "{method} {path}");
    }
    assert_refused(
        &world.send(short, "POST", "/api/apikey/login", Value::Null).await,
        "Missing or invalid API key",
    );
    let path = format!("/keyholt/v1/secrets/{UNKNOWN}/reveal");
    assert_eq!(world.send(short, "POST", &path, Value::Null).await.status, 401);
}
