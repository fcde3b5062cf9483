//! Heads that are too large or no heads.

use crate::victim::{ORG, Victim};

/// Refused, or the connection closed without a word; never taken for a request.
fn assert_refused(victim: &mut Victim, bytes: &[u8], allowed: &[u16], name: &str) {
    let response = victim.attack(bytes);
    let statuses: Vec<u16> = response.answers.iter().map(|answer| answer.status).collect();
    assert!(
        statuses.len() <= 1 && statuses.iter().all(|status| allowed.contains(status)),
        "{name}: {statuses:?}"
    );
    assert!(response.closed, "{name}: the connection stays open");
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let mut victim = Victim::start();
    let head = victim.head("GET", ORG);
    let cases = [
        ("a header of 1 MiB", format!("{head}X-A: {}\r\n\r\n", "a".repeat(1024 * 1024))),
        ("a header name of 1 MiB", format!("{head}{}: a\r\n\r\n", "a".repeat(1024 * 1024))),
        (
            "a credential of 1 MiB",
            format!(
                "GET {ORG} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\r\n",
                "a".repeat(1024 * 1024)
            ),
        ),
        (
            "1,000 headers",
            format!("{head}{}\r\n", (0..1000).map(|n| format!("X-{n}: a\r\n")).collect::<String>()),
        ),
        ("a URL of 70 kB", victim.head("GET", &format!("{ORG}?ids={}", "a".repeat(70_000))) + "\r\n"),
        ("a method of 70 kB", victim.head(&"A".repeat(70_000), ORG) + "\r\n"),
    ];
    for (name, bytes) in cases {
        assert_refused(&mut victim, bytes.as_bytes(), &[400, 413, 414, 431], name);
    }
    victim.assert_growth_below(16 * 1024 * 1024);
}

#[test]
fn what_is_no_head_is_refused() {
    let mut victim = Victim::start();
    let host = "Host: a\r\n\r\n";
    let cases = [
        ("zeros", vec![0; 10_000]),
        ("a TLS hello", [&[22, 3, 1, 2, 0, 1][..], &[7; 500]].concat()),
        ("no version", format!("GET {ORG}\r\n{host}").into_bytes()),
        ("another version", format!("GET {ORG} HTTP/1.2\r\n{host}").into_bytes()),
        ("HTTP/9.9", format!("GET {ORG} HTTP/9.9\r\n{host}").into_bytes()),
        ("a blank in the target", format!("GET {ORG} x HTTP/1.1\r\n{host}").into_bytes()),
        ("a control in the target", format!("GET {ORG}\x01 HTTP/1.1\r\n{host}").into_bytes()),
        ("a control in the method", format!("G\x01T {ORG} HTTP/1.1\r\n{host}").into_bytes()),
        ("a header without a colon", format!("GET {ORG} HTTP/1.1\r\nX-A\r\n{host}").into_bytes()),
        ("a header without a name", format!("GET {ORG} HTTP/1.1\r\n: a\r\n{host}").into_bytes()),
        ("a zero in a header", format!("GET {ORG} HTTP/1.1\r\nX-A: a\0b\r\n{host}").into_bytes()),
    ];
    for (name, bytes) in cases {
        // 401 would be right too for what a parser may still take for a request without a credential.
        assert_refused(&mut victim, &bytes, &[400, 401, 404, 405, 431, 505], name);
    }
}
