//! Answers that come bit by bit.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use keyholt_gateway::GatewaySettings;
use keyholt_testkit::{FakeProvider, Step};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::world::{VALUE, World, soon, until};

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

#[tokio::test]
async fn c_a_caller_that_reads_nothing_holds_the_upstream_back() {
    const MIB: usize = 1024 * 1024;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let entry = listener.local_addr().unwrap().to_string();
    let world = World::with(std::slice::from_ref(&entry), GatewaySettings::default()).await;
    let metadata = json!({ "api_base": format!("http://{entry}/v1") });
    world.secret("OPENAI_API_KEY", "openai", VALUE, metadata).await;
    // Says as much as is taken; what the system itself keeps for the two of them are a few MiB.
    let upstream = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 1024 * MIB);
        stream.write_all(head.as_bytes()).await.unwrap();
        let (chunk, mut taken) = (vec![b'a'; MIB], 0);
        while timeout(Duration::from_secs(1), stream.write_all(&chunk))
            .await
            .is_ok_and(|written| written.is_ok())
        {
            taken += 1;
            assert!(taken < 64, "somebody keeps it");
        }
        stream
    };
    let request = world.request("chat/completions", r#"{"model":"gpt-4o"}"#);
    let (mut answer, _stream) = tokio::join!(world.head(request), upstream);
    let frame = soon(answer.body_mut().frame()).await.unwrap().ok().unwrap();
    assert!(frame.into_data().unwrap().len() <= MIB);
}
