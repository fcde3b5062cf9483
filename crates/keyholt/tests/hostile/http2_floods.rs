//! A hundred thousand frames of HTTP/2 of one kind on one connection, as fast as the server takes them: it ends the
//! connection or ignores them, and serves others at once all the time.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use keyholt_testkit::Setup;
use keyholt_testkit::http2::{END_HEADERS, END_STREAM, frame, head, kind};

use crate::victim::{ORG, PROMPT, Victim};

/// How many frames.
const FLOOD: u32 = 100_000;
/// How many are sent at a time.
const BATCH: u32 = 1_000;
/// The most that the server may grow by.
const GROWTH: u64 = 32 * 1024 * 1024;

/// A GET with the first API key.
fn request() -> Vec<u8> {
    let bearer = format!("Bearer {}", Setup::KEY);
    let fields = [(":method", "GET"), (":scheme", "http"), (":path", ORG), (":authority", "a")];
    head(&[&fields[..], &[("authorization", &bearer)]].concat())
}

/// Streams of a client have odd numbers.
const fn stream(number: u32) -> u32 {
    number * 2 + 1
}

/// Sends what begins it, then the frames with numbers from 0 on, while others are served.
#[track_caller]
fn flood(name: &str, beginning: &[u8], frames: impl Fn(u32) -> Vec<u8> + Sync, reads: bool) {
    let victim = Victim::start();
    let mut flooder = TcpStream::connect(victim.address()).unwrap();
    flooder.set_write_timeout(Some(PROMPT)).unwrap();
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(kind::SETTINGS, 0, 0, &[])].concat();
    flooder.write_all(&[&preface, beginning].concat()).unwrap();
    let is_over = AtomicBool::new(false);
    let sent = thread::scope(|scope| {
        let mut answers = flooder.try_clone().unwrap();
        let reader = scope.spawn(move || {
            // What comes is thrown away; one that reads nothing waits for the end.
            let mut buffer = [0; 65_536];
            while reads && answers.read(&mut buffer).is_ok_and(|length| length > 0) {}
        });
        let (is_over, frames) = (&is_over, &frames);
        let writer = scope.spawn(move || {
            let mut sent = 0;
            for batch in 0..FLOOD / BATCH {
                let bytes: Vec<u8> = (batch * BATCH..(batch + 1) * BATCH).flat_map(frames).collect();
                // The server has ended the connection, or holds it back.
                if flooder.write_all(&bytes).is_err() {
                    break;
                }
                sent += BATCH;
            }
            is_over.store(true, Ordering::Release);
            // Some of it may still be on its way to the server.
            thread::park_timeout(Duration::from_millis(300));
            // It may be closed already.
            let _ = flooder.shutdown(Shutdown::Both);
            sent
        });
        while !is_over.load(Ordering::Acquire) {
            victim.assert_serves();
        }
        victim.assert_serves();
        reader.join().unwrap();
        writer.join().unwrap()
    });
    println!("{name}: {sent} of {FLOOD} frames were taken");
    victim.assert_serves();
    victim.assert_growth_below(GROWTH);
}

#[test]
fn requests_that_are_reset_at_once() {
    let head = request();
    let reset = |number| {
        let open = frame(kind::HEADERS, END_HEADERS | END_STREAM, stream(number), &head);
        [open, frame(kind::RST_STREAM, 0, stream(number), &[0, 0, 0, 8])].concat()
    };
    flood("rapid reset", &[], reset, true);
}

#[test]
fn requests_that_make_the_server_reset_them() {
    let head = request();
    // A window of nothing more is an error of the stream, to which the server answers with a reset (CVE-2025-8671).
    let provoke = |number| {
        let open = frame(kind::HEADERS, END_HEADERS, stream(number), &head);
        [open, frame(kind::WINDOW_UPDATE, 0, stream(number), &[0; 4])].concat()
    };
    flood("made you reset", &[], provoke, true);
}

#[test]
fn requests_without_an_end() {
    let head = request();
    flood("open streams", &[], |number| frame(kind::HEADERS, END_HEADERS, stream(number), &head), true);
}

#[test]
fn a_head_without_an_end() {
    let beginning = frame(kind::HEADERS, 0, 1, &request());
    let empty = |_| frame(kind::CONTINUATION, 0, 1, &[]);
    flood("CONTINUATION without anything", &beginning, empty, true);
    // A literal of one letter each, which nobody remembers.
    let more = |_| frame(kind::CONTINUATION, 0, 1, &head(&[("x", "y")]));
    flood("CONTINUATION", &beginning, more, true);
}

#[test]
fn heads_that_unpack_to_much_more() {
    // A header of 4,000 bytes goes into the table, and each request then says thousands of times that it is meant.
    let large = [&[0x40, 1, b'x', 0x7F, 0xA1, 0x1E][..], &[b'a'; 4_000]].concat();
    let beginning = frame(kind::HEADERS, END_HEADERS | END_STREAM, 1, &[request(), large].concat());
    let bomb = [request(), vec![0xBE; 10_000]].concat();
    flood(
        "HPACK",
        &beginning,
        |number| frame(kind::HEADERS, END_HEADERS | END_STREAM, stream(number + 1), &bomb),
        true,
    );
}

#[test]
fn settings_pings_and_orders() {
    flood("SETTINGS", &[], |_| frame(kind::SETTINGS, 0, 0, &[]), true);
    let tables = |number: u32| {
        frame(kind::SETTINGS, 0, 0, &[0, 1, 0, 0, u8::from(number.is_multiple_of(2)), 0].repeat(10))
    };
    flood("SETTINGS of table sizes", &[], tables, true);
    flood("PING", &[], |number| frame(kind::PING, 0, 0, &u64::from(number).to_be_bytes()), true);
    flood("PRIORITY", &[], |number| frame(kind::PRIORITY, 0, stream(number), &[0, 0, 0, 0, 1]), true);
    flood("frames of no known kind", &[], |_| frame(0xAA, 0xFF, 0, b"anything"), true);
}

#[test]
fn settings_and_pings_of_one_who_does_not_read() {
    flood("SETTINGS, unread", &[], |_| frame(kind::SETTINGS, 0, 0, &[]), false);
    flood("PING, unread", &[], |_| frame(kind::PING, 0, 0, &[0; 8]), false);
}

#[test]
fn data_without_anything_and_windows() {
    let beginning = frame(kind::HEADERS, END_HEADERS, 1, &request());
    flood("empty DATA", &beginning, |_| frame(kind::DATA, 0, 1, &[]), true);
    let padding = |_| frame(kind::DATA, 8, 1, &[255; 256]);
    flood("DATA that is padding", &beginning, padding, true);
    let window = |_| frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]);
    flood("WINDOW_UPDATE", &[], window, true);
    let overflow = |_| frame(kind::WINDOW_UPDATE, 0, 1, &[0x7F, 0xFF, 0xFF, 0xFF]);
    flood("WINDOW_UPDATE beyond all bounds", &beginning, overflow, true);
}
