//! Many connections at once: idle ones, and such as are never done with their head.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use keyholt_testkit::{Deadline, raise_file_limit};

use crate::victim::Victim;

/// All of a test come from one address.
const ANY_NUMBER: [&str; 2] = ["--limits-connections-per-address", "0"];

/// A connection on which something was asked for once.
fn used_once(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let length = stream.read(&mut [0; 4096]).unwrap();
    assert!(length > 0, "no answer");
    stream
}

#[test]
fn ten_thousand_idle_connections_take_little_memory_and_keep_nobody_out() {
    let limit = raise_file_limit().unwrap();
    assert!(limit > 10_500, "this needs more open files than {limit}: raise the hard limit (ulimit -Hn)");
    let victim = Victim::start_with(&ANY_NUMBER);
    let address = victim.address();
    let mut idle = Vec::new();
    for number in 0..10_000 {
        // Half of them say nothing, as long as the deadline of the first head lets them.
        idle.push(if number < 5_000 { used_once(address) } else { TcpStream::connect(address).unwrap() });
        if number % 1_000 == 0 {
            victim.assert_serves();
        }
    }
    victim.assert_serves();
    victim.assert_growth_below(200 * 1024 * 1024);
}

#[test]
fn a_thousand_connections_that_drip_are_all_ended_and_others_served_meanwhile() {
    let victim = Victim::start();
    let address = victim.address();
    let connect = || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
        stream.set_nonblocking(true).unwrap();
        Some(stream)
    };
    let mut dripping: Vec<Option<TcpStream>> = (0..1_000).map(|_| connect()).collect();
    // 10 s for a head, and time for a slow machine to take note.
    let ended = Deadline::after(Duration::from_secs(20)).poll(|| {
        victim.assert_serves();
        for slot in &mut dripping {
            if slot.as_mut().is_some_and(is_ended) {
                *slot = None;
            }
        }
        dripping.iter().all(Option::is_none).then_some(())
    });
    let left = dripping.iter().flatten().count();
    assert!(ended.is_some(), "{left} connections still drip");
    victim.assert_growth_below(64 * 1024 * 1024);
}

/// Sends another byte; tells whether the server has ended the connection.
fn is_ended(stream: &mut TcpStream) -> bool {
    if stream.write_all(b"a").is_err() {
        return true;
    }
    loop {
        match stream.read(&mut [0; 512]) {
            Ok(0) => return true,
            // A refusal; the end follows.
            Ok(_) => {}
            Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
        }
    }
}

#[test]
fn one_address_cannot_take_all_connections() {
    let victim = Victim::start_with(&["--limits-connections", "40", "--limits-connections-per-address", "20"]);
    let mut taken: Vec<TcpStream> = Vec::new();
    // The victim's own client has one of them.
    for _ in 0..19 {
        taken.push(used_once(victim.address()));
    }
    let mut refused = TcpStream::connect(victim.address()).unwrap();
    // What is sent may meet a connection that is closed already.
    let _ = refused.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(matches!(refused.read(&mut [0; 512]), Ok(0) | Err(_)), "one more than its share is served");
    drop(taken.pop());
    // Its place is free when the server has taken note.
    let served = Deadline::after(Duration::from_secs(2)).poll(|| victim.try_serve().then_some(()));
    assert!(served.is_some(), "a place that was given back is not free");
}
