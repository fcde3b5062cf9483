//! Providers that send the value back.

use keyholt_testkit::{FakeProvider, Step};
use serde_json::json;

use crate::world::{VALUE, World};

#[tokio::test]
async fn c_a_provider_that_echoes_the_key_is_scrubbed_at_every_chunk_boundary() {
    let whole = format!("{{\"error\":\"Incorrect API key provided: {VALUE}.\"}}");
    for cut in 0..=whole.len() {
        let (before, after) = whole.split_at(cut);
        let mut steps = vec![Step::events()];
        steps.extend([before, after].into_iter().filter(|part| !part.is_empty()).map(Step::chunk));
        steps.push(Step::chunk(""));
        let provider = FakeProvider::saying(steps).await.unwrap();
        let world = World::new(&[&provider]).await;
        world.openai("OPENAI_API_KEY", &provider).await;
        let answer = world.chat("gpt-4o").await;
        assert_eq!(answer.body, "{\"error\":\"Incorrect API key provided: [redacted].\"}", "{cut}");
        assert!(answer.is_whole);
    }
}

#[tokio::test]
async fn c_a_provider_that_echoes_the_key_in_headers_is_scrubbed_and_put_down() {
    let headers = [
        ("x-request-id", VALUE),
        ("www-authenticate", VALUE),
        ("set-cookie", VALUE),
        ("server", VALUE),
        ("alt-svc", VALUE),
        ("x-keyholt-overhead-ms", "7"),
        ("x-bt-used-endpoint", "evil"),
    ];
    let provider = FakeProvider::saying(Step::with_headers(403, &headers, VALUE)).await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    let answer = world.chat("gpt-4o").await;
    assert_eq!((answer.status, answer.body.as_str()), (403, "[redacted]"));
    assert!(!format!("{:?}", answer.headers).contains(VALUE), "{:?}", answer.headers);
    assert_eq!(answer.header("x-request-id"), Some("[redacted]"));
    assert_eq!(answer.header("x-bt-used-endpoint"), Some("OPENAI_API_KEY"));
    assert_eq!(world.audited("secret.echo").await, 1);
}

#[tokio::test]
async fn c_an_answer_that_is_compressed_is_not_passed_on() {
    let steps = Step::with_headers(200, &[("content-encoding", "gzip")], "x");
    let provider = FakeProvider::saying(steps).await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    assert_eq!(world.chat("gpt-4o").await.status, 502);
}

#[tokio::test]
async fn the_values_of_all_secrets_that_were_tried_are_taken_out() {
    let other = "sk-second-0123456789";
    let provider = FakeProvider::start(move |_| Step::json(429, &format!("{VALUE} {other}"))).await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("one", &provider).await;
    world.secret("two", "openai", other, json!({ "api_base": provider.url("/v1") })).await;
    let answer = world.chat("gpt-4o").await;
    assert_eq!((answer.status, answer.body.as_str()), (429, "[redacted] [redacted]"));
}
