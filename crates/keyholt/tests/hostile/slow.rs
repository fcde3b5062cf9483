//! Clients that take their time: each is ended by its deadline, the others are served meanwhile.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use keyholt_testkit::Stopwatch;
use serde_json::json;

use crate::victim::{ORG, Victim};

/// One byte after another, half a second apart, until the server ends the connection; gives the time that took.
fn drip(address: SocketAddr, start: &str, limit: Duration) -> Option<Duration> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let watch = Stopwatch::start();
    stream.write_all(start.as_bytes()).unwrap();
    while watch.elapsed() < limit {
        if stream.write_all(b"a").is_err() {
            return Some(watch.elapsed());
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer) {
            Ok(0) => return Some(watch.elapsed()),
            // A refusal; the end of the connection follows.
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return Some(watch.elapsed()),
        }
    }
    None
}

/// Asks for far more than the sockets hold and reads none of it; a byte more each half second tells when the
/// server has ended the connection.
fn never_read(address: SocketAddr, request: &str, limit: Duration) -> Option<Duration> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let watch = Stopwatch::start();
    stream.write_all(request.repeat(200).as_bytes()).unwrap();
    while watch.elapsed() < limit {
        thread::park_timeout(Duration::from_millis(500));
        match stream.write(b"G") {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return Some(watch.elapsed()),
        }
    }
    None
}

#[test]
fn slow_heads_bodies_and_readers_are_ended_by_their_deadlines() {
    let mut victim = Victim::start();
    for chunk in 0..4 {
        let secrets: Vec<_> = (0..500)
            .map(|n| json!({ "id": format!("01900000-0000-7000-8000-{:012x}", chunk * 500 + n), "name": format!("row-{chunk}-{n}"), "metadata": { "x": "y".repeat(1000) } }))
            .collect();
        let imported = victim.ask(
            "POST",
            "/keyholt/v1/secrets/import",
            json!({ "secrets": secrets }).to_string().as_bytes(),
        );
        assert_eq!(imported.status, 200, "{}", imported.text());
    }
    let address = victim.client().address();
    let head = victim.head("POST", ORG);
    let list = victim.head("GET", ORG) + "\r\n";
    let slow_head = format!("{head}X-Slow: ");
    let slow_body = format!("{head}Content-Length: 100000\r\n\r\n{{\"name\":\"");
    let slow_chunks = format!("{head}Transfer-Encoding: chunked\r\n\r\nffff\r\n{{\"name\":\"");
    thread::scope(|scope| {
        let mut slow = Vec::new();
        for _ in 0..100 {
            slow.push(("head", 15, scope.spawn(|| drip(address, &slow_head, Duration::from_secs(36)))));
            slow.push(("silence", 15, scope.spawn(|| drip(address, "GET", Duration::from_secs(36)))));
        }
        for _ in 0..20 {
            slow.push(("body", 35, scope.spawn(|| drip(address, &slow_body, Duration::from_secs(36)))));
            slow.push(("chunks", 35, scope.spawn(|| drip(address, &slow_chunks, Duration::from_secs(36)))));
            slow.push(("reader", 36, scope.spawn(|| never_read(address, &list, Duration::from_secs(37)))));
        }
        while !slow.iter().all(|(_, _, client)| client.is_finished()) {
            victim.assert_serves();
            thread::park_timeout(Duration::from_millis(100));
        }
        for (kind, deadline, client) in slow {
            let ended = client.join().unwrap().unwrap_or_else(|| panic!("a slow {kind} is never ended"));
            assert!(ended < Duration::from_secs(deadline), "a slow {kind} was ended after {ended:?}");
        }
    });
    victim.assert_serves();
    victim.assert_growth_below(200 * 1024 * 1024);
}

#[test]
fn a_thousand_idle_connections_keep_nobody_out() {
    let victim = Victim::start();
    let address = victim.client().address();
    let idle: Vec<TcpStream> = (0..1000).filter_map(|_| TcpStream::connect(address).ok()).collect();
    victim.assert_serves();
    victim.assert_growth_below(64 * 1024 * 1024);
    assert!(idle.len() > 900, "{} connections were made", idle.len());
}
