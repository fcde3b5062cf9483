//! The control plane, `/api` (wire/braintrust.md 7.1, 7.3).

use keyholt_api::ApiSettings;
use serde_json::{Value, json};

use crate::world::{OWNER, UNKNOWN, World, text};

#[tokio::test]
async fn login_says_where_each_organization_is_served() {
    let settings = ApiSettings {
        public_url: Some("https://keyholt.example.com".into()),
        proxy_url: Some("https://proxy.example.com".into()),
        ..ApiSettings::default()
    };
    let world = World::with(settings).await;
    let both = world.test.make_orgs(&["other"]).await;
    let info = |org: &keyholt_types::OrgGrant| {
        json!({
            "id": org.org.to_string(),
            "name": &*org.org_name,
            "api_url": "https://keyholt.example.com",
            "git_metadata": null,
            "is_universal_api": null,
            "proxy_url": "https://proxy.example.com",
            "realtime_url": null,
        })
    };
    // A key that may do next to nothing will do, and the body is not looked at.
    let app = world.key("app", "app").await;
    for api_key in [OWNER, &both, &app] {
        let caller = world.test.caller(api_key).await.unwrap();
        let expected: Vec<Value> = caller.identity.orgs.iter().map(info).collect();
        for body in [Value::Null, json!([1]), json!({"org_name": "x"})] {
            let answer = world.send(api_key, "POST", "/api/apikey/login", body).await;
            assert_eq!(answer.object(&["org_info"]), json!({"org_info": expected}));
        }
    }
}

#[tokio::test]
async fn every_refusal_of_the_control_plane_is_400_and_one_sentence() {
    let world = World::make().await;
    let blind = world.key("blind", "app").await;
    let org = world.test.owner.identity.orgs[0].org.to_string();
    world.native("POST", "orgs", json!({"name": "other"})).await;
    let other = text(&world.native("GET", "orgs?name=other", Value::Null).await["objects"][0], "id");
    let no_org = "Organization does not exist or you do not have access to it";
    for (api_key, path, body, message) in [
        ("nobody's", "apikey/login", Value::Null, "Missing or invalid API key"),
        ("nobody's", "ai_secret/get", json!({"org_id": org}), "Missing or invalid API key"),
        (&blind, "ai_secret/get", json!({"org_id": org}), "This API key may not read AI secrets"),
        (OWNER, "ai_secret/get", Value::Null, "org_id is required"),
        (OWNER, "ai_secret/get", json!({"org_id": "x"}), "org_id must be a UUID"),
        (OWNER, "ai_secret/get", json!("x"), "the request body must be a JSON object"),
        (OWNER, "ai_secret/get", json!({"org_id": other}), no_org),
        (OWNER, "ai_secret/get", json!({"org_id": UNKNOWN}), no_org),
        (
            OWNER,
            "ai_secret/get",
            json!({"org_id": "x".repeat(1 << 20)}),
            "The request body is larger than 1 MiB",
        ),
        (OWNER, "secrets", Value::Null, "Unknown path"),
    ] {
        let answer = world.send(api_key, "POST", &format!("/api/{path}"), body).await;
        assert_eq!((answer.status, &*answer.text), (400, message), "{path}");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8", "{path}");
    }
}

#[tokio::test]
async fn the_secrets_of_an_organization_are_a_bare_array() {
    let world = World::make().await;
    let org = world.test.owner.identity.orgs[0].org.to_string();
    let get = async |body: Value| world.send(OWNER, "POST", "/api/ai_secret/get", body).await;
    assert_eq!(get(json!({"org_id": org})).await.text, "[]");
    for name in ["a", "b"] {
        let body = json!({"name": name, "type": "openai", "secret": "a-value-that-is-long-enough"});
        assert_eq!(world.send(OWNER, "POST", "/v1/ai_secret", body).await.status, 200);
    }
    let rows = get(json!({"org_id": org.to_uppercase(), "more": [1]})).await;
    assert_eq!((rows.status, rows.header("content-type")), (200, "application/json"));
    assert_eq!(rows.json(), world.get("/v1/ai_secret").await.json()["objects"]);
    assert_eq!(rows.json().as_array().unwrap().len(), 2);
    assert!(!rows.text.contains("a-value-that"));
}
