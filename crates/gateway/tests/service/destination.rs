//! Where a request goes is told by the secret alone.

use http::Request;
use keyholt_gateway::GatewaySettings;
use keyholt_testkit::{FakeProvider, Step};
use serde_json::json;

use crate::world::{Names, VALUE, World, new_metadata, new_value};

/// Twenty names under which other gateways take a destination.
const NAMES: [&str; 20] = [
    "api_base",
    "apiBase",
    "api-base",
    "base_url",
    "baseURL",
    "base-url",
    "api_url",
    "api_endpoint",
    "api_host",
    "azure_endpoint",
    "endpoint_url",
    "target_url",
    "target_host",
    "upstream",
    "upstream_url",
    "proxy_url",
    "openai_api_base",
    "openai_base_url",
    "custom_api_base",
    "forward_to",
];

#[tokio::test]
async fn c_destination_from_the_caller_is_refused_and_reaches_nobody() {
    let provider = FakeProvider::saying(Step::json(200, "{}")).await.unwrap();
    let trap = FakeProvider::saying(Step::json(200, "{}")).await.unwrap();
    let world = World::new(&[&provider, &trap]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    let to_trap = trap.url("/v1");
    let encoded = to_trap.replace(':', "%3A").replace('/', "%2F");
    for name in NAMES {
        let body = json!({ "model": "gpt-4o", name: to_trap }).to_string();
        let in_body = world.request("chat/completions", &body);
        let in_query = world.request(&format!("chat/completions?{name}={encoded}"), r#"{"model":"gpt-4o"}"#);
        let mut in_header = world.request("chat/completions", r#"{"model":"gpt-4o"}"#);
        let header: http::HeaderName = format!("x-{}", name.to_ascii_lowercase()).parse().unwrap();
        in_header.headers_mut().insert(header, to_trap.parse().unwrap());
        for request in [in_body, in_query, in_header] {
            let answer = world.send(request).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_request"), "{name}");
        }
    }
    let absolute = Request::post(format!("{}/v1/proxy/chat/completions", trap.url("")))
        .header("authorization", format!("Bearer {}", world.key))
        .body(http_body_util::Full::from(r#"{"model":"gpt-4o"}"#))
        .unwrap();
    assert_eq!(world.send(absolute).await.status, 400);
    assert!(provider.requests().is_empty() && trap.connections() == 0);
    assert_eq!(world.audited("secret.use").await, 61);
}

#[tokio::test]
async fn c_destination_changed_by_who_may_not_read_the_secret_gets_no_value_until_it_is_confirmed() {
    let provider = FakeProvider::saying(Step::json(200, "{}")).await.unwrap();
    let other = FakeProvider::saying(Step::json(200, "{}")).await.unwrap();
    let world = World::new(&[&provider, &other]).await;
    let secret = world.openai("OPENAI_API_KEY", &provider).await;
    assert_eq!(world.chat("gpt-4o").await.status, 200);
    world.patch(&secret, new_metadata(json!({ "api_base": other.url("/v1") }))).await;
    let refused = world.chat("gpt-4o").await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "secret_not_usable"));
    assert_eq!(other.connections(), 0);
    world.test.engine.confirm_hosts(&world.test.owner, secret.columns.id).await.unwrap();
    assert_eq!(world.chat("gpt-4o").await.status, 200);
    assert_eq!((provider.requests().len(), other.requests().len()), (1, 1));
    // A new value is bound to where the secret leads now.
    world.patch(&secret, new_metadata(json!({ "api_base": provider.url("/v1") }))).await;
    world.patch(&secret, new_value("sk-new-0123456789")).await;
    assert_eq!(world.chat("gpt-4o").await.status, 200);
    assert_eq!(provider.requests()[1].header("authorization"), Some("Bearer sk-new-0123456789"));
}

#[tokio::test]
async fn c_ssrf_to_inside_is_refused_before_anything_is_sent() {
    let provider = FakeProvider::saying(Step::json(200, "{}")).await.unwrap();
    let settings = GatewaySettings {
        resolver: std::sync::Arc::new(Names(vec!["169.254.169.254".parse().unwrap()])),
        ..GatewaySettings::default()
    };
    // Nothing is allowed.
    let world = World::with(&[], settings).await;
    for (number, base) in [
        provider.url("/v1"),
        "https://127.0.0.1/v1".to_owned(),
        "https://2130706433/v1".to_owned(),
        "https://[::ffff:127.0.0.1]/v1".to_owned(),
        "https://127.0.0.1.nip.io/v1".to_owned(),
        "https://metadata.google.internal/v1".to_owned(),
        "https://api.example:8443/v1".to_owned(),
        "http://api.example/v1".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("s{number}");
        world.secret(&name, "openai", VALUE, json!({ "api_base": base })).await;
        let mut request = world.request("chat/completions", r#"{"model":"gpt-4o"}"#);
        request.headers_mut().insert("x-bt-endpoint-name", name.parse().unwrap());
        let answer = world.send(request).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "egress_denied"), "{base}");
    }
    assert_eq!(provider.connections(), 0);
}

#[tokio::test]
async fn c_redirects_are_given_to_the_caller_and_never_followed() {
    let trap = FakeProvider::saying(Step::json(200, "{}")).await.unwrap();
    for status in [301, 302, 303, 307, 308] {
        let goal = trap.url("/v1/chat/completions");
        let steps = Step::with_headers(status, &[("location", &goal), ("set-cookie", "a=b")], "");
        let provider = FakeProvider::saying(steps).await.unwrap();
        let world = World::new(&[&provider, &trap]).await;
        world.openai("OPENAI_API_KEY", &provider).await;
        let answer = world.chat("gpt-4o").await;
        assert_eq!((answer.status, answer.header("location")), (status, None));
        assert_eq!(answer.header("set-cookie"), None);
    }
    assert_eq!(trap.connections(), 0);
}

#[tokio::test]
async fn c_path_and_query_tricks_are_refused() {
    let provider = FakeProvider::saying(Step::json(200, "{}")).await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    for path in [
        "responses/../models",
        "responses/%2e%2e/models",
        "responses/..%2fmodels",
        "responses//a",
        "responses/a%2fb",
        "responses/a%5cb",
        "responses/a%00",
        "responses/a%23b",
        "responses/%252e%252e",
        "responses/.",
        "responses/..;a=b/c",
        "responses/a/",
        "models?key=sk-1",
        "models?api_key=sk-1",
        "models?access_token=a",
        "models?%6bey=a",
        "models?a=%zz",
    ] {
        let answer = world.send(world.request(path, r#"{"model":"gpt-4o"}"#)).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_request"), "{path}");
    }
    // What stands at the front of a path does not name a host either.
    for path in ["@evil.example/v1", "evil.example:443", "https:/evil.example"] {
        assert!([400, 404].contains(&world.send(world.request(path, "{}")).await.status), "{path}");
    }
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn c_smuggling_and_upgrades_are_refused() {
    let provider = FakeProvider::saying(Step::json(200, "{}")).await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    for (name, value) in
        [("upgrade", "websocket"), ("upgrade", "h2c"), ("trailer", "x-a"), ("content-encoding", "gzip")]
    {
        let mut request = world.request("chat/completions", r#"{"model":"gpt-4o"}"#);
        request.headers_mut().insert(name, value.parse().unwrap());
        assert_eq!(world.send(request).await.status, 400, "{name}");
    }
    for body in [r#"{"model":"gpt-4o","model":"gpt-4o"}"#, r#"{"Model":"gpt-4o"}"#, "[]", "{", "{}{}"] {
        assert_eq!(world.send(world.request("chat/completions", body)).await.status, 400, "{body}");
    }
    assert!(provider.requests().is_empty());
}
