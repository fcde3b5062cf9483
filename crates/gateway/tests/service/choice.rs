//! Which of several secrets.

use keyholt_testkit::{FakeProvider, Step};
use serde_json::json;

use crate::world::{VALUE, World};

#[tokio::test]
async fn equals_take_turns_and_heavier_ones_go_first() {
    let provider = FakeProvider::saying(Step::json(200, "{}")).await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("a", &provider).await;
    world.openai("b", &provider).await;
    let mut used = Vec::new();
    for _ in 0..4 {
        used.push(world.chat("gpt-4o").await.header("x-bt-used-endpoint").unwrap().to_owned());
    }
    used.sort();
    assert_eq!(used, ["a", "a", "b", "b"]);
    world
        .secret("c d", "openai", VALUE, json!({ "api_base": provider.url("/v1"), "keyholt": { "weight": 2 } }))
        .await;
    for _ in 0..3 {
        // Its name is not visible ASCII, and is left out.
        assert_eq!(world.chat("gpt-4o").await.header("x-bt-used-endpoint"), None);
    }
}

#[tokio::test]
async fn a_named_secret_is_used_and_no_other() {
    let provider = FakeProvider::saying(Step::json(200, "{}")).await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("a", &provider).await;
    world.secret("router", "openrouter", VALUE, json!({})).await;
    for (name, status) in [("a", 200), ("nobody", 404)] {
        let mut request = world.request("chat/completions", r#"{"model":"any-model"}"#);
        request.headers_mut().insert("x-bt-endpoint-name", name.parse().unwrap());
        assert_eq!(world.send(request).await.status, status, "{name}");
    }
    let mut request = world.request("chat/completions", r#"{"model":"any-model"}"#);
    request.headers_mut().append("x-bt-endpoint-name", "a".parse().unwrap());
    request.headers_mut().append("x-bt-endpoint-name", "b".parse().unwrap());
    assert_eq!(world.send(request).await.status, 400);
}
