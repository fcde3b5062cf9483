//! What is counted.

use keyholt_engine::{OrgChoice, UsageFilter};
use keyholt_testkit::{FakeProvider, Step};

use crate::world::World;

#[tokio::test]
async fn statuses_bytes_and_tokens_are_counted_once_for_each_request_however_it_ends() {
    let text = r#"{"usage":{"prompt_tokens":5,"completion_tokens":7}}"#;
    let provider = FakeProvider::start(move |seen| match seen.target.as_str() {
        "/v1/chat/completions" => Step::json(200, text),
        "/v1/embeddings" => Step::json(400, "bad"),
        _ => vec![Step::Hold],
    });
    let provider = provider.await.unwrap();
    let world = World::with(&[provider.entry()], World::hasty()).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    let body = r#"{"model":"gpt-4o"}"#;
    for (path, status) in [("chat/completions", 200), ("embeddings", 400), ("moderations", 504)] {
        assert_eq!(world.send(world.request(path, body)).await.status, status);
    }
    assert_eq!(world.audited("secret.use").await, 3);
    let filter = UsageFilter { secret: None, api_key: None, starting_after: None, limit: 10 };
    let usage = world.test.engine.list_usage(&world.test.owner, OrgChoice::Unnamed, filter).await.unwrap();
    let [one] = &usage[..] else { panic!("{usage:?}") };
    let total = &one.total;
    assert_eq!((total.requests, total.failed), (3, 2));
    assert_eq!((total.input_tokens, total.output_tokens), (5, 7));
    assert_eq!(total.bytes_down, i64::try_from(text.len() + 3).unwrap());
    assert_eq!(total.bytes_up, i64::try_from(3 * body.len()).unwrap());
}
