//! Providers that hang stop nobody who asks for something else.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use keyholt_testkit::{Deadline, Setup, Step, Stopwatch};

use crate::fixture::{BODY, CHAT, House};

/// How many requests hang.
const CALLS: usize = 600;

#[tokio::test(flavor = "multi_thread")]
async fn c_six_hundred_calls_of_a_tarpit_leave_the_api_as_fast_as_it_was() {
    let house = House::start(vec![Step::Hold]).await;
    let before = slowest_of_most(&house);
    let address = house.server.client().address();
    let request = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        Setup::KEY,
        BODY.len()
    );
    let mut calls = Vec::new();
    for _ in 0..CALLS {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream.write_all(BODY).unwrap();
        calls.push(stream);
    }
    // As many as one organisation may have at a time; the others are refused at once.
    let hangs = || (house.provider.requests().len() == 384).then_some(());
    Deadline::after(Duration::from_secs(30)).poll(hangs).unwrap();
    assert_eq!(house.client().send("POST", CHAT, Some(BODY)).unwrap().status, 503);
    let during = slowest_of_most(&house);
    assert!(during < before * 4 + Duration::from_millis(20), "{before:?} {during:?}");
    drop(calls);
    let ended = || (house.provider.closed() == 384).then_some(());
    Deadline::after(Duration::from_secs(10)).poll(ended).unwrap();
}

/// How long 95 of 100 requests of the API take at most.
fn slowest_of_most(house: &House) -> Duration {
    let mut client = house.client();
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let watch = Stopwatch::start();
            assert_eq!(client.send("GET", "/v1/ai_secret", None).unwrap().status, 200);
            watch.elapsed()
        })
        .collect();
    times.sort();
    times[189]
}
