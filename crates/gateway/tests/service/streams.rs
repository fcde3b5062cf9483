//! Answers that come bit by bit.

use std::sync::Arc;

use http_body_util::BodyExt;
use keyholt_testkit::{FakeProvider, Step};
use tokio::sync::Semaphore;

use crate::world::{World, soon, until};

const EVENTS: [&str; 3] = ["data: {\"a\":1}\n\n", "data: {\"b\":2}\n\n", "data: [DONE]\n\n"];

#[tokio::test]
async fn c_events_are_passed_on_as_they_come() {
    let gate = Arc::new(Semaphore::new(0));
    let mut steps = vec![Step::events()];
    for event in EVENTS {
        steps.extend([Step::Wait(Arc::clone(&gate)), Step::chunk(event)]);
    }
    steps.push(Step::chunk(""));
    let provider = FakeProvider::saying(steps).await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    let mut answer = world.head(world.request("chat/completions", r#"{"model":"gpt-4o","stream":true}"#)).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    for event in EVENTS {
        gate.add_permits(1);
        let frame = soon(answer.body_mut().frame()).await.unwrap().ok().unwrap();
        assert_eq!(frame.into_data().unwrap(), event);
    }
    assert!(soon(answer.body_mut().frame()).await.is_none());
}

#[tokio::test]
async fn c_a_stream_that_is_cut_off_anywhere_never_ends_cleanly() {
    let mut whole =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let head = whole.len();
    for event in EVENTS {
        whole.extend_from_slice(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes());
    }
    whole.extend_from_slice(b"0\r\n\r\n");
    let (end, script) = (whole.len(), whole.clone());
    let provider = FakeProvider::start(move |seen| {
        let cut: usize = seen.header("user-agent").unwrap().parse().unwrap();
        vec![Step::Say(script[..cut].to_vec()), Step::Close]
    });
    let provider = provider.await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    for cut in head..=end {
        let mut request = world.request("chat/completions", r#"{"model":"gpt-4o"}"#);
        request.headers_mut().insert("user-agent", cut.into());
        let answer = world.send(request).await;
        // The terminal chunk is complete with its empty line alone.
        assert_eq!((answer.status, answer.is_whole), (200, cut == end), "{cut}");
    }
}

#[tokio::test]
async fn c_a_caller_that_is_gone_ends_the_upstreams_request() {
    let provider =
        FakeProvider::saying(vec![Step::events(), Step::chunk(EVENTS[0]), Step::Hold]).await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    let mut answer = world.head(world.request("chat/completions", r#"{"model":"gpt-4o"}"#)).await;
    assert!(soon(answer.body_mut().frame()).await.unwrap().is_ok());
    assert_eq!(provider.closed(), 0);
    drop(answer);
    until(|| provider.closed() == 1).await;

    // Also before there is an answer.
    let silent = FakeProvider::saying(vec![Step::Hold]).await.unwrap();
    let world = World::new(&[&silent]).await;
    world.openai("OPENAI_API_KEY", &silent).await;
    let waiting = world.chat("gpt-4o");
    tokio::select! {
        _ = waiting => panic!("nobody answers"),
        () = until(|| silent.requests().len() == 1) => {}
    }
    until(|| silent.closed() == 1).await;
}
