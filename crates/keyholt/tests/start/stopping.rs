//! SIGTERM under load: what is in flight is answered, nothing else is done, and streams get a deadline
//! (design/security.md A9).

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use keyholt_testkit::crash::{Load, survey};
use keyholt_testkit::{
    Deadline, FakeProvider, Random, Server, Setup, Step, Stopwatch, read_answer, seed_setting,
};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::refused::setup;
use crate::signals::{request_in_flight, terminate};

/// How long an end may take, whatever is in flight.
const LONGEST: Duration = Duration::from_secs(30);
const IN_FLIGHT: usize = 32;

#[test]
fn under_load_every_request_that_was_taken_is_answered_and_no_other_is_done() {
    let seed = seed_setting("KEYHOLT_SEED");
    println!("KEYHOLT_SEED={seed}");
    let mut random = Random::new(seed);
    let setup = setup().variable("KEYHOLT_LIMITS_PER_API_KEY", "0");
    let mut load = Load::new(8);
    let mut acknowledged = 0;
    for round in 0..5 {
        let server = setup.start().unwrap();
        let taken: Vec<_> = (0..IN_FLIGHT)
            .map(|number| request_in_flight(&server, &format!("taken-{round}-{number}")))
            .collect();
        let stopped = load.run(&server, &mut random, |until| {
            until.writes(100)?;
            terminate(&server);
            let watch = Stopwatch::start();
            for (mut stream, body) in taken {
                stream.get_mut().write_all(body.as_bytes()).map_err(|problem| problem.to_string())?;
                let answer =
                    read_answer(&mut stream, false).map_err(|problem| format!("cut off: {problem}"))?;
                if answer.status != 200 {
                    return Err(answer.text());
                }
            }
            Ok(watch)
        });
        let watch = stopped.unwrap();
        let ended = server.wait().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert!(watch.elapsed() < LONGEST, "{:?}", watch.elapsed());
        let server = setup.start().unwrap();
        let mut client = server.client();
        for number in 0..IN_FLIGHT {
            // They are nobody's of the workers.
            let name = json!({ "name": format!("taken-{round}-{number}") });
            assert_eq!(
                client.json("DELETE", "/v1/ai_secret", &name).unwrap().status,
                200,
                "it was acknowledged"
            );
        }
        let settled = load.settle(survey(&mut client).unwrap()).unwrap();
        assert!(settled.unanswered.is_empty(), "done, and the answer cut off: {:?}", settled.unanswered);
        acknowledged += settled.acknowledged.len();
        server.stop().unwrap();
    }
    println!("5 SIGTERM under load: {acknowledged} acknowledged writes, 0 requests cut off");
}

/// A caller of a provider's stream, of which the first event has come.
fn stream_in_flight(server: &Server) -> BufReader<TcpStream> {
    let body = br#"{"model":"gpt-4o","messages":[],"stream":true}"#;
    let mut stream = BufReader::new(TcpStream::connect(server.address()).unwrap());
    stream.get_ref().set_read_timeout(Some(2 * LONGEST)).unwrap();
    let head = format!(
        "POST /v1/proxy/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        Setup::KEY,
        body.len()
    );
    stream.get_mut().write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut line = String::new();
    while !line.contains("first") {
        line.clear();
        assert!(stream.read_line(&mut line).unwrap() > 0, "the stream begins");
    }
    stream
}

/// A server with a provider whose stream goes on so after its first event.
async fn house(rest: Vec<Step>) -> (FakeProvider, Server) {
    let first = vec![Step::events(), Step::chunk("data: {\"first\":1}\n\n")];
    let provider = FakeProvider::saying([first, rest].concat()).await.unwrap();
    let setup = setup();
    let options = ["--listen", "127.0.0.1:0", "--egress-allow", &provider.entry()];
    let server = setup.start_with(&options).unwrap();
    let metadata = json!({ "api_base": provider.url("/v1") });
    let secret =
        json!({ "name": "OPENAI_API_KEY", "type": "openai", "secret": "sk-any", "metadata": metadata });
    assert_eq!(server.client().json("POST", "/v1/ai_secret", &secret).unwrap().status, 200);
    (provider, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_through_the_gateway_goes_on_to_its_end_after_sigterm() {
    let more = Arc::new(Semaphore::new(0));
    let rest = vec![Step::Wait(Arc::clone(&more)), Step::chunk("data: {\"last\":1}\n\n"), Step::chunk("")];
    let (_provider, server) = house(rest).await;
    let mut stream = stream_in_flight(&server);
    terminate(&server);
    let refused = || TcpStream::connect(server.address()).is_err().then_some(());
    Deadline::after(LONGEST).poll(refused).expect("no new connections");
    more.add_permits(1);
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stream, &mut rest).unwrap();
    assert!(rest.contains("\"last\":1") && rest.ends_with("0\r\n\r\n"), "cut off: {rest:?}");
    let ended = server.wait().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_an_end_is_cut_off_at_the_deadline_and_does_not_look_complete() {
    let (_provider, server) = house(vec![Step::Hold]).await;
    let mut stream = stream_in_flight(&server);
    let watch = Stopwatch::start();
    terminate(&server);
    let mut rest = Vec::new();
    // An error is as good as an end without the last chunk.
    let _cut = std::io::Read::read_to_end(&mut stream, &mut rest);
    assert!(!rest.ends_with(b"0\r\n\r\n"), "it looks complete");
    assert!(watch.elapsed() > Duration::from_secs(10), "not given its time: {:?}", watch.elapsed());
    let ended = server.wait().unwrap();
    println!("ended after {:.1?}", watch.elapsed());
    assert!(watch.elapsed() < LONGEST, "{:?}", watch.elapsed());
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
}
