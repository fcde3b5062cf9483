//! `/v1/organization` (wire/braintrust.md 7.4).

use axum::body::Body;
use http::Request;
use keyholt_api::ApiSettings;
use serde_json::{Value, json};

use crate::world::{ORGANIZATION, OWNER, UNKNOWN, World, refusal, text};

#[tokio::test]
async fn an_organization_has_all_its_keys() {
    let settings =
        ApiSettings { proxy_url: Some("https://proxy.example.com".into()), ..ApiSettings::default() };
    let world = World::with(settings).await;
    let list = world.get("/v1/organization").await.object(&["objects"]);
    let id = text(&list["objects"][0], "id");
    let expected = json!({
        "id": id,
        "name": "default",
        "api_url": "http://keyholt.test:8787",
        "is_universal_api": null,
        "is_dataplane_private": null,
        "proxy_url": "https://proxy.example.com",
        "realtime_url": null,
        "created": "2026-11-21T09:30:00.125Z",
        "image_rendering_mode": null,
    });
    assert_eq!(list, json!({"objects": [expected]}));
    let found = world.get(&format!("/v1/organization/{}", id.to_uppercase())).await;
    assert_eq!(found.object(ORGANIZATION), expected);
    let unknown = refusal(404, "Organization does not exist or you do not have access to it");
    assert_eq!(world.get(&format!("/v1/organization/{UNKNOWN}")).await.refusal(), unknown);
    // An operator sees others' organisations nowhere on this wire.
    world.native("POST", "orgs", json!({"name": "other"})).await;
    let orgs = world.native("GET", "orgs?name=other", Value::Null).await;
    let other = text(&orgs["objects"][0], "id");
    assert_eq!(world.get(&format!("/v1/organization/{other}")).await.refusal(), unknown);
    let wrong = world.get("/v1/organization/default").await.refusal();
    assert_eq!(wrong, refusal(400, "organization_id must be a UUID"));
}

#[tokio::test]
async fn organizations_are_those_of_the_key() {
    let world = World::make().await;
    let key = world.test.make_orgs(&["b", "c"]).await;
    let list =
        async |query: &str| world.send(&key, "GET", &format!("/v1/organization?{query}"), Value::Null).await;
    let all = list("").await;
    assert_eq!(all.each("name"), ["c", "b", "default"]);
    let ids = all.each("id");
    let [c, b, default] = ids.as_slice() else { panic!("{ids:?}") };
    for (query, names) in [
        ("limit=1".to_owned(), &["c"][..]),
        ("limit=0".to_owned(), &[]),
        (format!("starting_after={c}"), &["b", "default"]),
        (format!("ending_before={default}&limit=1"), &["b"]),
        (format!("starting_after={c}&ending_before={default}"), &["b"]),
        (format!("ids={default},{c}"), &["c", "default"]),
        (format!("ids[]={b}&org_name=b"), &["b"]),
        ("org_name=b".to_owned(), &["b"]),
        ("org_name=B".to_owned(), &[]),
        ("org_name=".to_owned(), &[]),
    ] {
        assert_eq!(list(&query).await.each("name"), names, "{query}");
    }
}

#[tokio::test]
async fn the_url_is_that_of_the_settings_or_of_the_request() {
    let configured = ApiSettings {
        public_url: Some("https://keyholt.example.com/k".into()),
        has_tls: true,
        ..ApiSettings::default()
    };
    let tls = ApiSettings { has_tls: true, ..ApiSettings::default() };
    let plain = ApiSettings::default();
    for (settings, host, url) in [
        (configured.clone(), "elsewhere", "https://keyholt.example.com/k"),
        (configured, "a/b", "https://keyholt.example.com/k"),
        (tls, "keyholt.test", "https://keyholt.test"),
        (plain.clone(), "[::1]:8787", "http://[::1]:8787"),
        (plain.clone(), "user@evil.example", ""),
        (plain.clone(), "evil.example/x", ""),
        (plain, "", ""),
    ] {
        let world = World::with(settings).await;
        let request = |method, path| {
            let request = Request::builder().method(method).uri(path).header("host", host);
            request.header("authorization", format!("Bearer {OWNER}"))
        };
        let organizations = world.request(request("GET", "/v1/organization"), Body::empty()).await;
        let login = world.request(request("POST", "/api/apikey/login"), Body::empty()).await;
        if url.is_empty() {
            let message = "the Host header must be a host name or address";
            assert_eq!(organizations.refusal(), refusal(400, message), "{host}");
            assert_eq!((login.status, &*login.text), (400, message), "{host}");
        } else {
            assert_eq!(organizations.each("api_url"), [url], "{host}");
            assert_eq!(text(&login.json()["org_info"][0], "api_url"), url, "{host}");
        }
    }
}
