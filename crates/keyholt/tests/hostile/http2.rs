//! The same over HTTP/2, where it is said in another way, and what only HTTP/2 can say.

use std::io;

use keyholt_testkit::http2::{self, Http2, head, head_frames, kind};
use keyholt_testkit::{Answer, Setup, Stopwatch};
use serde_json::json;

use crate::json::{bodies, refused};
use crate::names::NAMES;
use crate::victim::{ORG, PROJECT, PROMPT, VALUE, Victim};

/// Refused, or the end of the stream; never served.
#[track_caller]
fn assert_refused(asked: &io::Result<Answer>, allowed: &[u16], name: &str) {
    if let Ok(answer) = asked {
        assert!(allowed.contains(&answer.status), "{name}: {} {}", answer.status, answer.text());
    }
}

#[test]
fn a_name_is_stored_exactly_or_refused_over_http2() {
    let mut victim = Victim::start();
    let mut stored = vec!["ordinary".to_owned()];
    for name in NAMES {
        let body = json!({ "name": name }).to_string();
        let answer = victim.ask_http2("POST", ORG, &[], body.as_bytes()).unwrap();
        match answer.status {
            200 => {
                assert_eq!(answer.string("/name"), name);
                stored.push(name.to_owned());
            }
            400 => assert!(name.chars().any(char::is_control), "{name:?}: {}", answer.text()),
            status => panic!("{name:?}: {status} {}", answer.text()),
        }
        let body = json!({ "name": name, "value": "v" }).to_string();
        let answer = victim.ask_http2("POST", PROJECT, &[], body.as_bytes()).unwrap();
        assert_eq!(answer.status, 400, "{name:?}");
    }
    stored.reverse();
    assert_eq!(victim.names(), stored, "read back as they were sent");
    victim.log();
}

#[test]
fn a_body_beyond_the_limits_of_json_is_refused_over_http2() {
    let mut victim = Victim::start();
    for (name, inner) in refused() {
        for (target, body) in bodies(&inner) {
            let answer = victim.ask_http2("POST", target, &[], body.as_bytes()).unwrap();
            assert!(matches!(answer.status, 400 | 413), "{name} to {target}: {}", answer.status);
        }
    }
    assert_eq!(victim.names(), ["ordinary"]);
    victim.log();
    victim.assert_growth_below(24 * 1024 * 1024);
}

#[test]
fn a_head_that_is_too_large_is_refused_over_http2() {
    let victim = Victim::start();
    let long = "a".repeat(1024 * 1024);
    let names: Vec<String> = (0..1000).map(|number| format!("x-{number}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "a")).collect();
    let allowed = [400, 413, 414, 431];
    assert_refused(&victim.ask_http2("GET", ORG, &[("x-a", &long)], &[]), &allowed, "a header of 1 MiB");
    assert_refused(&victim.ask_http2("GET", ORG, &[(&long, "a")], &[]), &allowed, "a header name of 1 MiB");
    assert_refused(
        &victim.ask_http2("GET", ORG, &[("authorization", &long)], &[]),
        &[401, 431],
        "a credential",
    );
    assert_refused(
        &victim.ask_http2("GET", &format!("{ORG}?ids={long}"), &[], &[]),
        &allowed,
        "a URL of 1 MiB",
    );
    let url = format!("{ORG}?ids={}", "a".repeat(70_000));
    assert_refused(&victim.ask_http2("GET", &url, &[], &[]), &allowed, "a URL of 70 kB");
    // As long as they are small together, they are only many.
    assert_refused(&victim.ask_http2("GET", ORG, &many, &[]), &[200, 431], "1,000 headers");
    victim.assert_growth_below(16 * 1024 * 1024);
}

#[test]
fn a_body_that_is_too_large_is_refused_over_http2() {
    let mut victim = Victim::start();
    let announced = victim.ask_http2("POST", ORG, &[("content-length", "1073741824")], b"{");
    assert_refused(&announced, &[400, 413], "a gibibyte that is announced");
    let sent = "x".repeat(2 * 1024 * 1024);
    assert_refused(&victim.ask_http2("POST", ORG, &[], sent.as_bytes()), &[413], "two mebibytes that are sent");
    let packed = victim.ask_http2("POST", ORG, &[("content-encoding", "gzip")], b"{\"name\":\"a\"}");
    assert_refused(&packed, &[400], "a body that is packed");
    assert_eq!(victim.names(), ["ordinary"]);
    victim.assert_growth_below(16 * 1024 * 1024);
}

#[test]
fn two_credentials_and_wrong_ones_are_none_over_http2() {
    let victim = Victim::start();
    for second in ["Bearer wrong", "", "Basic YTpi"] {
        let answer = victim.ask_http2("GET", ORG, &[("authorization", second)], &[]).unwrap();
        assert_eq!(answer.status, 401, "{second}");
    }
    let mut stranger = Http2::connect(victim.address(), PROMPT).unwrap();
    let body = format!(r#"{{"name":"a","secret":"{VALUE}"}}"#);
    assert_eq!(stranger.ask("POST", ORG, &[], body.as_bytes()).unwrap().status, 401);
}

#[test]
fn what_is_no_request_of_http2_is_not_served() {
    let mut victim = Victim::start();
    let (method, scheme, path) = ((":method", "POST"), (":scheme", "http"), (":path", ORG));
    let bearer = format!("Bearer {}", Setup::KEY);
    let (authority, key) = ((":authority", "a"), ("authorization", bearer.as_str()));
    let cases: [(&str, Vec<(&str, &str)>); 21] = [
        ("no method", vec![scheme, path, authority, key]),
        ("no path", vec![method, scheme, authority, key]),
        ("an empty path", vec![method, scheme, (":path", ""), authority, key]),
        ("a path that is none", vec![method, scheme, (":path", "v1/ai_secret"), authority, key]),
        ("two paths", vec![method, scheme, path, (":path", "/healthz"), authority, key]),
        ("two methods", vec![method, (":method", "GET"), scheme, path, authority, key]),
        ("an unknown pseudo-header", vec![method, scheme, path, authority, (":x", "a"), key]),
        ("a status in a request", vec![method, scheme, path, authority, (":status", "200"), key]),
        ("a pseudo-header after others", vec![method, scheme, key, path, authority]),
        ("an upper-case name", vec![method, scheme, path, authority, ("Authorization", &bearer)]),
        ("a blank in a name", vec![method, scheme, path, authority, key, ("x a", "b")]),
        ("a colon in a name", vec![method, scheme, path, authority, key, ("x:a", "b")]),
        ("CR LF in a value", vec![method, scheme, path, authority, key, ("x", "a\r\nHost: b")]),
        ("a zero in a value", vec![method, scheme, path, authority, key, ("x", "a\0")]),
        ("CR LF in the path", vec![method, scheme, (":path", "/ HTTP/1.1\r\nHost: b"), authority, key]),
        ("connection", vec![method, scheme, path, authority, key, ("connection", "close")]),
        ("transfer-encoding", vec![method, scheme, path, authority, key, ("transfer-encoding", "chunked")]),
        ("upgrade", vec![method, scheme, path, authority, key, ("upgrade", "h2c")]),
        ("te that is not trailers", vec![method, scheme, path, authority, key, ("te", "gzip")]),
        ("less than announced", vec![method, scheme, path, authority, key, ("content-length", "100")]),
        ("more than announced", vec![method, scheme, path, authority, key, ("content-length", "2")]),
    ];
    for (name, fields) in cases {
        let watch = Stopwatch::start();
        let mut client = Http2::connect(victim.address(), PROMPT).unwrap();
        let stream = client.open_stream();
        client.send(&head_frames(stream, &head(&fields), false)).unwrap();
        let asked = client.answer_to(stream, br#"{"name":"smuggled"}"#);
        victim.count(watch.elapsed());
        assert!(watch.elapsed() < PROMPT, "{name}: {:?}", watch.elapsed());
        assert_refused(&asked, &[400, 404, 405, 431], name);
        assert_eq!(victim.names(), ["ordinary"], "{name}");
    }
    // The same as it should be, so that it is not the client that is wrong.
    let mut client = Http2::connect(victim.address(), PROMPT).unwrap();
    let stream = client.open_stream();
    client.send(&head_frames(stream, &head(&[method, scheme, path, authority, key]), false)).unwrap();
    assert_eq!(client.answer_to(stream, br#"{"name":"proper"}"#).unwrap().status, 200);
}

#[test]
fn frames_out_of_place_end_the_connection() {
    let victim = Victim::start();
    let request = head(&[(":method", "GET"), (":scheme", "http"), (":path", ORG), (":authority", "a")]);
    let cases = [
        ("DATA on no stream", http2::frame(kind::DATA, 0, 0, b"a")),
        ("DATA on an idle stream", http2::frame(kind::DATA, 0, 1, b"a")),
        ("HEADERS on no stream", head_frames(0, &request, true)),
        ("HEADERS on an even stream", head_frames(2, &request, true)),
        ("CONTINUATION alone", http2::frame(kind::CONTINUATION, http2::END_HEADERS, 1, &request)),
        (
            "a head that is broken off by a PING",
            [http2::frame(kind::HEADERS, 0, 1, &request), http2::frame(kind::PING, 0, 0, &[0; 8])].concat(),
        ),
        ("a PING of 7 bytes", http2::frame(kind::PING, 0, 0, &[0; 7])),
        ("SETTINGS of 5 bytes", http2::frame(kind::SETTINGS, 0, 0, &[0; 5])),
        ("SETTINGS on a stream", http2::frame(kind::SETTINGS, 0, 1, &[])),
        ("a frame size of 1", http2::frame(kind::SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 1])),
        ("a window beyond 2^31 - 1", http2::frame(kind::WINDOW_UPDATE, 0, 0, &[0x7F, 0xFF, 0xFF, 0xFF])),
        ("a window of nothing more", http2::frame(kind::WINDOW_UPDATE, 0, 0, &[0; 4])),
        ("RST_STREAM of an idle stream", http2::frame(kind::RST_STREAM, 0, 1, &[0; 4])),
        ("a push by the client", http2::frame(5, http2::END_HEADERS, 1, &[0, 0, 0, 2])),
        ("a head that is no HPACK", http2::frame(kind::HEADERS, 5, 1, &[0xFF; 100])),
        ("a frame of 16 MiB", vec![0xFF, 0xFF, 0xFF, kind::DATA, 0, 0, 0, 0, 1]),
    ];
    for (name, bytes) in cases {
        let watch = Stopwatch::start();
        let mut client = Http2::connect(victim.address(), PROMPT).unwrap();
        client.send(&bytes).unwrap();
        assert!(client.is_ended(), "{name}: the connection stays open");
        victim.count(watch.elapsed());
        victim.assert_serves();
    }
}
