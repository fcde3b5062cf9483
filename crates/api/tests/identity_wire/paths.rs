//! Paths, methods, parameters, headers: what all of them have in common (wire/braintrust.md 1, 3.1, 7.4).

use axum::body::Body;
use http::Request;
use keyholt_api::ApiSettings;
use serde_json::{Value, json};

use crate::world::{OWNER, UNKNOWN, World, refusal};

#[tokio::test]
async fn hello_needs_no_key() {
    let world = World::make().await;
    let request = || Request::builder().uri("/v1").header("host", "keyholt.test");
    let hello = world.request(request(), Body::empty()).await;
    assert_eq!((hello.status, &*hello.text), (200, "Hello, World!"));
    assert_eq!(hello.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(hello.header("x-bt-internal-trace-id"), hello.header("x-request-id"));
    let head = world.request(request().method("HEAD"), Body::empty()).await;
    assert_eq!((head.status, head.header("allow")), (405, "GET"));
    assert_eq!(world.get("/v1/").await.refusal(), refusal(404, "Unknown path"));
}

#[tokio::test]
async fn methods_and_paths_are_those_of_the_contract() {
    let world = World::make().await;
    for (path, allow) in [
        ("/v1", "GET"),
        ("/v1/organization", "GET"),
        ("/v1/api_key", "GET, POST"),
        ("/v1/service_token", "GET, POST, PUT, DELETE"),
        ("/v1/user", "GET"),
        ("/v1/project", "GET"),
        (&format!("/v1/organization/{UNKNOWN}"), "GET"),
        (&format!("/v1/api_key/{UNKNOWN}"), "GET, DELETE"),
        (&format!("/v1/service_token/{UNKNOWN}"), "GET, DELETE"),
        (&format!("/v1/user/{UNKNOWN}"), "GET"),
        (&format!("/v1/project/{UNKNOWN}"), "GET"),
        ("/api/apikey/login", "POST"),
        ("/api/ai_secret/get", "POST"),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"] {
            if allow.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let answer = world.send(OWNER, method, path, Value::Null).await;
            assert_eq!((answer.status, answer.header("allow")), (405, allow), "{method} {path}");
        }
    }
    for path in ["organization/members", "organization/", "api_key/", "project/a/b", "role", "group", "acl"] {
        for method in ["GET", "PATCH", "DELETE"] {
            let answer = world.send(OWNER, method, &format!("/v1/{path}"), Value::Null).await;
            assert_eq!(answer.refusal(), refusal(404, "Unknown path"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn wrong_parameters_are_refused_on_every_list() {
    let world = World::make().await;
    for path in ["organization", "api_key", "service_token", "user", "project"] {
        for (query, message) in [
            ("limit=-1", "limit must be a non-negative integer"),
            ("limit=1&limit=2", "limit must be given once"),
            ("starting_after=x", "starting_after must be a UUID"),
            ("ending_before=", "ending_before must be a UUID"),
            ("ids=", "ids must be a list of UUIDs"),
            ("org_name=a&org_name=b", "org_name must be given once"),
            ("a=%zz", "the query string is not valid percent-encoded UTF-8"),
        ] {
            let answer = world.get(&format!("/v1/{path}?{query}")).await;
            assert_eq!(answer.refusal(), refusal(400, message), "{path}?{query}");
        }
    }
}

#[tokio::test]
async fn whoever_may_not_read_sees_only_itself() {
    let world = World::make().await;
    world.key("other", "viewer").await;
    world.native("POST", "projects", json!({"name": "evals"})).await;
    let app = world.key("app", "app").await;
    let list = async |path: &str| world.send(&app, "GET", path, Value::Null).await;
    assert_eq!(list("/v1/user").await.each("given_name"), ["app"]);
    assert_eq!(list("/v1/api_key").await.each("name"), ["app"]);
    assert_eq!(list("/v1/service_token").await.each("name"), ["app"]);
    assert_eq!(list("/v1/project").await.each("name"), ["default"]);
    assert_eq!(list("/v1/organization").await.each("name"), ["default"]);
    let forbidden = refusal(403, "This API key may not administer the organization");
    let own = list("/v1/api_key").await.each("id").remove(0);
    for (method, path) in [
        ("POST", "/v1/api_key".to_owned()),
        ("DELETE", format!("/v1/api_key/{own}")),
        ("POST", "/v1/service_token".to_owned()),
        ("PUT", "/v1/service_token".to_owned()),
        ("DELETE", "/v1/service_token".to_owned()),
        ("DELETE", format!("/v1/service_token/{own}")),
    ] {
        let answer = world.send(&app, method, &path, json!("not looked at")).await;
        assert_eq!(answer.refusal(), forbidden, "{method} {path}");
    }
}

#[tokio::test]
async fn identity_has_no_cors_and_one_trace_id() {
    let settings = ApiSettings { cors_origins: vec!["https://a.example".into()], ..ApiSettings::default() };
    let world = World::with(settings).await;
    for (method, path) in [
        ("GET", "/v1"),
        ("GET", "/v1/organization"),
        ("GET", "/v1/api_key"),
        ("GET", "/v1/user/x"),
        ("OPTIONS", "/v1/project"),
        ("POST", "/api/apikey/login"),
        ("POST", "/api/ai_secret/get"),
        ("POST", "/api/nothing"),
        ("GET", "/api/nothing"),
    ] {
        let request = Request::builder().method(method).uri(path).header("host", "keyholt.test");
        let request =
            request.header("authorization", format!("Bearer {OWNER}")).header("origin", "https://a.example");
        let answer = world.request(request, Body::empty()).await;
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{path}");
        assert_eq!(answer.header("x-bt-internal-trace-id"), answer.header("x-request-id"), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}
