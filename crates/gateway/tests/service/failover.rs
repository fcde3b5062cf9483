//! From one secret to the next.

use keyholt_testkit::{FakeProvider, Step};
use serde_json::json;

use crate::world::{VALUE, World, new_value};

#[tokio::test]
async fn the_next_secret_is_tried_when_one_fails() {
    for failure in [Step::json(401, "{}"), Step::json(429, "{}"), Step::json(500, "{}"), Step::json(503, "{}")]
    {
        let bad = FakeProvider::saying(failure).await.unwrap();
        let good = FakeProvider::saying(Step::json(200, r#"{"good":1}"#)).await.unwrap();
        let world = World::new(&[&bad, &good]).await;
        world
            .secret("bad", "openai", VALUE, json!({ "api_base": bad.url("/v1"), "keyholt": { "weight": 9 } }))
            .await;
        world.openai("good", &good).await;
        let answer = world.chat("gpt-4o").await;
        assert_eq!((answer.status, answer.header("x-bt-used-endpoint")), (200, Some("good")));
        assert_eq!((bad.requests().len(), good.requests().len()), (1, 1));
        assert_eq!(bad.requests()[0].body, good.requests()[0].body);
        assert_eq!(world.audited("secret.use").await, 2);
    }
}

#[tokio::test]
async fn a_place_that_refuses_connections_is_passed_over_and_then_left_alone() {
    let (gone, good) = (
        FakeProvider::saying(vec![]).await.unwrap(),
        FakeProvider::saying(Step::json(200, "{}")).await.unwrap(),
    );
    let world = World::new(&[&gone, &good]).await;
    world
        .secret("gone", "openai", VALUE, json!({ "api_base": gone.url("/v1"), "keyholt": { "weight": 9 } }))
        .await;
    drop(gone);
    for _ in 0..5 {
        let answer = world.chat("gpt-4o").await;
        assert_eq!((answer.status, answer.code().as_str()), (502, "upstream_unreachable"));
    }
    let answer = world.chat("gpt-4o").await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "upstream_left_alone"));
    assert_eq!(answer.header("retry-after"), Some("10"));
    world.openai("good", &good).await;
    let answer = world.chat("gpt-4o").await;
    assert_eq!((answer.status, answer.header("x-bt-used-endpoint")), (200, Some("good")));
}

#[tokio::test]
async fn the_last_answer_is_passed_on_when_all_fail() {
    let one = FakeProvider::saying(Step::json(500, "one")).await.unwrap();
    let two = FakeProvider::saying(Step::with_headers(429, &[("retry-after", "7")], "two")).await.unwrap();
    let world = World::new(&[&one, &two]).await;
    world
        .secret("one", "openai", VALUE, json!({ "api_base": one.url("/v1"), "keyholt": { "weight": 9 } }))
        .await;
    world.openai("two", &two).await;
    let answer = world.chat("gpt-4o").await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("retry-after")), (429, "two", Some("7")));
}

#[tokio::test]
async fn other_refusals_of_a_provider_are_passed_on_at_once() {
    for status in [400, 403, 404, 413, 422] {
        let provider = FakeProvider::saying(Step::json(status, "no")).await.unwrap();
        let world = World::new(&[&provider]).await;
        world.openai("one", &provider).await;
        world.openai("two", &provider).await;
        let answer = world.chat("gpt-4o").await;
        assert_eq!((answer.status, answer.body.as_str(), provider.requests().len()), (status, "no", 1));
    }
}

#[tokio::test]
async fn after_a_rotation_the_value_before_is_tried_once_on_401() {
    let provider = FakeProvider::start(|seen| {
        let is_old = seen.header("authorization") == Some(&*format!("Bearer {VALUE}"));
        Step::json(if is_old { 200 } else { 401 }, "{}")
    });
    let provider = provider.await.unwrap();
    let world = World::new(&[&provider]).await;
    let secret = world.openai("OPENAI_API_KEY", &provider).await;
    world.patch(&secret, new_value("sk-not-yet-0123456789")).await;
    assert_eq!(world.chat("gpt-4o").await.status, 200);
    assert_eq!(provider.requests().len(), 2);
    world.test.clock.advance_seconds(3600);
    assert_eq!(world.chat("gpt-4o").await.status, 401);
    assert_eq!(provider.requests().len(), 3);
}

#[tokio::test]
async fn what_may_have_been_taken_up_is_not_sent_again() {
    let dead = FakeProvider::saying(vec![Step::Say(b"HTTP/1.1 200".to_vec()), Step::Close]).await.unwrap();
    let good = FakeProvider::saying(Step::json(200, "{}")).await.unwrap();
    let world = World::new(&[&dead, &good]).await;
    world
        .secret("dead", "openai", VALUE, json!({ "api_base": dead.url("/v1"), "keyholt": { "weight": 9 } }))
        .await;
    world.openai("good", &good).await;
    assert_eq!(world.chat("gpt-4o").await.status, 502);
    assert!(good.requests().is_empty());
}
