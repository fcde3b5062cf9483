//! What goes up, and what comes back when all is well.

use http::{Method, Request};
use http_body_util::Full;
use keyholt_testkit::{FakeProvider, Step};
use serde_json::json;

use crate::world::{VALUE, World};

const OK: &str = r#"{"id":"chatcmpl-1","usage":{"prompt_tokens":3,"completion_tokens":4}}"#;

async fn provider() -> FakeProvider {
    FakeProvider::saying(Step::json(200, OK)).await.unwrap()
}

#[tokio::test]
async fn an_openai_request_goes_to_its_provider_with_the_value_in_place_of_the_callers_key() {
    let provider = provider().await;
    let world = World::new(&[&provider]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    let body = r#"{ "model" : "gpt-4o", "messages":[],"seed":1.50e1 }"#;
    let answer = world.send(world.request("chat/completions", body)).await;
    assert_eq!((answer.status, answer.body.as_str(), answer.is_whole), (200, OK, true));
    assert_eq!(answer.header("x-bt-used-endpoint"), Some("OPENAI_API_KEY"));
    assert!(answer.header("x-keyholt-overhead-ms").unwrap().parse::<f64>().is_ok());
    let [seen] = &provider.requests()[..] else { panic!() };
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(seen.header("authorization"), Some(&*format!("Bearer {VALUE}")));
    assert_eq!(seen.header("host"), Some(provider.entry().as_str()));
    assert_eq!(seen.header("accept-encoding"), Some("identity"));
    assert_eq!(seen.body, body.as_bytes());
    assert!(!seen.whole().contains(&world.key));
}

#[tokio::test]
async fn a_provider_before_the_model_chooses_it_and_is_not_sent_on() {
    let provider = provider().await;
    let world = World::new(&[&provider]).await;
    let base = json!({ "api_base": provider.url("/v1") });
    world.secret("mistral", "mistral", VALUE, base.clone()).await;
    world
        .secret(
            "listed",
            "openai",
            VALUE,
            json!({ "api_base": provider.url("/listed"), "models": ["mistral/a"] }),
        )
        .await;
    let body = r#"{"x":"mistral/b","model":"mistral/b","y":[1.0]}"#;
    assert_eq!(world.send(world.request("chat/completions", body)).await.status, 200);
    assert_eq!(world.chat("mistral/a").await.status, 200);
    let seen = provider.requests();
    assert_eq!(seen[0].body, br#"{"x":"mistral/b","model":"b","y":[1.0]}"#);
    assert_eq!(seen[0].target, "/v1/chat/completions");
    assert_eq!(seen[1].target, "/listed/chat/completions");
    assert!(String::from_utf8_lossy(&seen[1].body).contains("\"mistral/a\""));
}

#[tokio::test]
async fn azures_paths_name_the_deployment_and_the_version() {
    let provider = provider().await;
    let world = World::new(&[&provider]).await;
    let base = provider.url("");
    let secret = |more: serde_json::Value| {
        let mut metadata = json!({ "api_base": base, "models": ["m"] });
        metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        metadata
    };
    world.secret("model", "azure", VALUE, secret(json!({ "auth_type": "api_key" }))).await;
    world
        .secret(
            "named",
            "azure",
            VALUE,
            secret(json!({ "auth_type": "api_key", "deployment": "d e", "api_version": "v&1" })),
        )
        .await;
    world
        .secret("none", "azure", VALUE, secret(json!({ "auth_type": "api_key", "no_named_deployment": true })))
        .await;
    for (name, path, expected) in [
        ("model", "chat/completions", "/openai/deployments/m/chat/completions?api-version=2024-10-21"),
        ("named", "embeddings?a=b&api-version=x", "/openai/deployments/d%20e/embeddings?a=b&api-version=v%261"),
        ("none", "chat/completions", "/chat/completions?api-version=2024-10-21"),
        ("model", "responses", "/openai/responses?api-version=2024-10-21"),
    ] {
        let mut request = world.request(path, r#"{"model":"m"}"#);
        request.headers_mut().insert("x-bt-endpoint-name", name.parse().unwrap());
        assert_eq!(world.send(request).await.status, 200, "{name}");
        let seen = provider.requests().pop().unwrap();
        assert_eq!(seen.target, expected, "{name}");
        assert_eq!(seen.header("api-key"), Some(VALUE));
        assert_eq!(seen.header("authorization"), None);
    }
}

#[tokio::test]
async fn what_the_metadata_add_goes_along_and_a_local_model_needs_no_value() {
    let provider = provider().await;
    let world = World::new(&[&provider]).await;
    let metadata = json!({ "api_base": provider.url("/v1"), "models": ["llama"], "additionalHeaders": { "X-Team": "red" } });
    let new =
        keyholt_engine::NewSecret { value: None, ..crate::world::new_secret("local", "ollama", "x", metadata) };
    world.test.engine.create_secret(&world.test.owner, keyholt_engine::OrgChoice::Unnamed, new).await.unwrap();
    assert_eq!(world.chat("llama").await.status, 200);
    let seen = provider.requests().pop().unwrap();
    assert_eq!((seen.header("x-team"), seen.header("authorization")), (Some("red"), None));
}

#[tokio::test]
async fn models_are_listed_and_multipart_bodies_need_the_secrets_name() {
    let provider = provider().await;
    let world = World::new(&[&provider]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    let bearer = format!("Bearer {}", world.key);
    let get = |path: &str| {
        let request = Request::builder().method(Method::GET).uri(format!("/v1/proxy/{path}"));
        request.header("authorization", &bearer).body(Full::default()).unwrap()
    };
    assert_eq!(world.send(get("models")).await.status, 200);
    assert_eq!(world.send(get("models/gpt-4o")).await.status, 200);
    assert_eq!(provider.requests()[1].target, "/v1/models/gpt-4o");
    let mut form = world.request("audio/transcriptions", "--x\r\n\r\n--x--");
    form.headers_mut().insert("content-type", "multipart/form-data; boundary=x".parse().unwrap());
    let refused = world.send(form.clone()).await;
    assert_eq!(refused.status, 400);
    form.headers_mut().insert("x-bt-endpoint-name", "OPENAI_API_KEY".parse().unwrap());
    assert_eq!(world.send(form).await.status, 200);
    let seen = provider.requests().pop().unwrap();
    assert_eq!(seen.header("content-type"), Some("multipart/form-data; boundary=x"));
    assert_eq!(seen.body, b"--x\r\n\r\n--x--");
}

#[tokio::test]
async fn what_no_secret_serves_is_404_and_unknown_paths_and_methods_need_no_key() {
    let provider = provider().await;
    let world = World::new(&[&provider]).await;
    let answer = world.chat("gpt-4o").await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
    assert_eq!(answer.json()["message"], answer.json()["error"]["message"]);
    let bare =
        |method: Method, path: &str| Request::builder().method(method).uri(path).body(Full::default()).unwrap();
    for (method, path, status, allow) in [
        (Method::GET, "/v1/proxy/nothing", 404, None),
        (Method::PUT, "/v1/proxy/chat/completions", 405, Some("GET, POST, DELETE")),
        (Method::GET, "/v1/proxy/credentials", 405, Some("POST")),
        (Method::GET, "/v1/proxy/models", 401, None),
    ] {
        let answer = world.send(bare(method, path)).await;
        assert_eq!((answer.status, answer.header("allow")), (status, allow), "{path}");
        assert!(answer.header("x-keyholt-overhead-ms").is_some());
    }
}

#[tokio::test]
async fn bedrock_and_its_like_are_left_to_the_ai_proxy() {
    let provider = provider().await;
    let world = World::new(&[&provider]).await;
    world.secret("aws", "bedrock", "{}", json!({ "region": "us-east-1", "access_key": "a" })).await;
    let mut request = world.request("chat/completions", r#"{"model":"anthropic.claude"}"#);
    request.headers_mut().insert("x-bt-endpoint-name", "aws".parse().unwrap());
    let answer = world.send(request).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("AI proxy"), "{}", answer.body);
}
