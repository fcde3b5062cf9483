//! `/v1/service_token` (wire/braintrust.md 7.4).

use serde_json::{Value, json};

use crate::world::{API_KEY, OWNER, SERVICE_TOKEN, World, refusal, text};

#[tokio::test]
async fn a_service_token_stands_for_its_account_and_does_no_more_than_that_may() {
    let world = World::make().await;
    let account = world.account("service_account", "ci", "viewer").await;
    let body = json!({"name": "deploy", "service_account_id": account, "org_name": "default"});
    let made = world.send(OWNER, "POST", "/v1/service_token", body.clone()).await;
    let mut keys = SERVICE_TOKEN.to_vec();
    keys.push("key");
    keys.sort_unstable();
    let mut made = made.object(&keys);
    let key = text(&made, "key");
    assert_eq!(world.send(&key, "GET", "/v1/ai_secret", Value::Null).await.status, 200);
    let write = world.send(&key, "POST", "/v1/ai_secret", json!({"name": "a"})).await;
    assert_eq!(write.status, 403);

    made.as_object_mut().unwrap().remove("key");
    let expected = json!({
        "id": made["id"],
        "created": "2026-11-21T09:30:00.125Z",
        "name": "deploy",
        "preview_name": made["preview_name"],
        "service_account_id": account,
        "service_account_email": "ci@example.com",
        "service_account_name": "ci",
        "org_id": world.test.owner.identity.orgs[0].org.to_string(),
    });
    assert_eq!(made, expected);
    let path = format!("/v1/service_token/{}", text(&made, "id"));
    assert_eq!(world.get(&path).await.object(SERVICE_TOKEN), expected);
    let list = world.get("/v1/service_token?service_token_name=deploy").await;
    assert_eq!(list.json(), json!({"objects": [expected]}));
    // It is an API key as well.
    let as_key = world.get(&format!("/v1/api_key/{}", text(&made, "id"))).await.object(API_KEY);
    assert_eq!((text(&as_key, "user_id"), text(&as_key, "user_given_name")), (account, "ci".into()));

    // A second one of the same name stands beside it; PUT takes the place of both.
    let second = world.send(OWNER, "POST", "/v1/service_token", body.clone()).await.json();
    let put = world.send(OWNER, "PUT", "/v1/service_token", body.clone()).await;
    put.object(&keys);
    for gone in [&key, &text(&second, "key")] {
        assert_eq!(world.send(gone, "GET", "/v1/ai_secret", Value::Null).await.status, 401);
    }
    let list = world.get("/v1/service_token?service_token_name=deploy").await;
    assert_eq!(list.each("id"), [text(&put.json(), "id")]);
    // A name that is new is made.
    let mut other = body;
    other["name"] = json!("other");
    world.send(OWNER, "PUT", "/v1/service_token", other).await.object(&keys);
    assert_eq!(world.get("/v1/service_token?limit=2").await.each("name"), ["other", "deploy"]);
}

#[tokio::test]
async fn a_service_token_that_could_do_nothing_is_not_made() {
    let world = World::make().await;
    let app_only = world.account("service_account", "app", "app").await;
    let suspended = world.account("service_account", "gone", "owner").await;
    world.native("PATCH", &format!("principals/{suspended}"), json!({"suspended": true})).await;
    let body = json!({"name": "admin", "rights": ["admin"]});
    let admin = text(&world.native("POST", "api-keys", body).await, "key");
    for (api_key, account) in [(&*admin, &app_only), (OWNER, &suspended)] {
        let body = json!({"name": "a", "service_account_id": account});
        let answer = world.send(api_key, "POST", "/v1/service_token", body).await.refusal();
        assert_eq!(answer, refusal(403, "This API key and the service account have no right in common"));
    }
}

#[tokio::test]
async fn service_tokens_are_counted_without_the_keys_of_users() {
    let world = World::make().await;
    let user = world.account("user", "ada", "viewer").await;
    for number in 0..3 {
        let body = json!({"name": format!("user {number}"), "principal": user, "role": "viewer"});
        world.native("POST", "api-keys", body).await;
        world.key(&format!("token {number}"), "viewer").await;
    }
    let all = world.get("/v1/service_token").await;
    let ids = all.each("id");
    let cases: &[(String, &[&str])] = &[
        (String::new(), &["token 2", "token 1", "token 0", "owner"]),
        ("limit=2".into(), &["token 2", "token 1"]),
        (format!("limit=2&starting_after={}", ids[1]), &["token 0", "owner"]),
        (format!("limit=1&ending_before={}", ids[2]), &["token 1"]),
        (format!("limit=2&ending_before={}", ids[3]), &["token 1", "token 0"]),
    ];
    world.lists("/v1/service_token", "name", cases).await;
}
