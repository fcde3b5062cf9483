//! How much, and for how long.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use keyholt_gateway::GatewaySettings;
use keyholt_testkit::{FakeProvider, Step};

use crate::world::{World, until};

#[tokio::test]
async fn c_an_upstream_that_hangs_is_504_and_one_that_falls_silent_is_cut_off() {
    let silent = FakeProvider::saying(vec![Step::Hold]).await.unwrap();
    let world = World::with(&[silent.entry()], World::hasty()).await;
    world.openai("OPENAI_API_KEY", &silent).await;
    let answer = world.chat("gpt-4o").await;
    assert_eq!((answer.status, answer.code().as_str()), (504, "upstream_timeout"));

    let half =
        FakeProvider::saying(vec![Step::events(), Step::chunk("data: a\n\n"), Step::Hold]).await.unwrap();
    let world = World::with(&[half.entry()], World::hasty()).await;
    world.openai("OPENAI_API_KEY", &half).await;
    let answer = world.chat("gpt-4o").await;
    assert_eq!((answer.status, answer.is_whole), (200, false));
    assert!(answer.body.starts_with("data: a\n\nevent: error\n"), "{}", answer.body);
}

#[tokio::test]
async fn c_beyond_its_places_the_gateway_is_busy_and_they_come_free_again() {
    let silent = FakeProvider::saying(vec![Step::Hold]).await.unwrap();
    let settings = GatewaySettings { in_flight: 4, in_flight_per_org: 3, ..GatewaySettings::default() };
    let world = World::with(&[silent.entry()], settings).await;
    world.openai("OPENAI_API_KEY", &silent).await;
    let mut hanging: Vec<_> = (0..3).map(|_| Box::pin(world.chat("gpt-4o"))).collect();
    for call in &mut hanging {
        let seen = silent.requests().len();
        tokio::select! {
            _ = call => panic!("nobody answers"),
            () = until(|| silent.requests().len() > seen) => {}
        }
    }
    let answer = world.chat("gpt-4o").await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "overloaded"));
    assert!(answer.header("retry-after").is_some());
    drop(hanging);
    until(|| silent.closed() == 3).await;
    let mut again = Box::pin(world.chat("gpt-4o"));
    tokio::select! {
        answer = &mut again => panic!("{answer:?}"),
        () = until(|| silent.requests().len() == 4) => {}
    }
}

fn large(world: &World, bytes: usize, name: Option<&str>) -> Request<Full<Bytes>> {
    let body = format!(r#"{{"model":"gpt-4o","input":"{}"}}"#, "a".repeat(bytes));
    let mut request = world.request("embeddings", &body);
    request.headers_mut().insert("content-length", body.len().into());
    if let Some(name) = name {
        request.headers_mut().insert("x-bt-endpoint-name", name.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn c_a_large_body_is_streamed_to_a_named_secret_and_has_at_most_32_mib() {
    const MIB: usize = 1024 * 1024;
    let provider = FakeProvider::saying(Step::json(429, "{}")).await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    world.openai("other", &provider).await;
    assert_eq!(world.send(large(&world, 7 * MIB, None)).await.status, 429);
    assert_eq!(provider.requests().len(), 2);
    assert_eq!(world.send(large(&world, 9 * MIB, None)).await.status, 400);
    // What is streamed is not sent again.
    assert_eq!(world.send(large(&world, 9 * MIB, Some("other"))).await.status, 429);
    assert_eq!(provider.requests().len(), 3);
    assert!(provider.requests()[2].body.len() > 9 * MIB);
    let answer = world.send(large(&world, 33 * MIB, Some("other"))).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "payload_too_large"));
    let mut unannounced = large(&world, 33 * MIB, Some("other"));
    unannounced.headers_mut().remove("content-length");
    assert_eq!(world.send(unannounced).await.status, 413);
    assert_eq!(provider.requests().len(), 3);
}

#[tokio::test]
async fn c_a_stolen_key_is_held_to_its_rate() {
    use keyholt_engine::{Rate, RateLimits};
    use keyholt_testkit::TestEngine;
    use std::num::NonZeroU32;
    use std::sync::Arc;

    let two = NonZeroU32::new(2).unwrap();
    let limits =
        RateLimits { per_api_key: Some(Rate { per_second: two, burst: two }), ..RateLimits::default() };
    let test = TestEngine::in_memory_with(limits).await;
    let gateway = keyholt_gateway::Gateway::new(
        Arc::clone(&test.engine),
        GatewaySettings::default(),
        &mut prometheus_client::registry::Registry::default(),
    );
    let key = test.issue(&test.owner, &[], keyholt_types::Role::App.rights(), None).await.unwrap();
    let world = World { test, gateway, key };
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(world.chat("gpt-4o").await.status);
    }
    assert_eq!(statuses, [404, 404, 429, 429]);
}
