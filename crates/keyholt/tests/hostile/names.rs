//! Names that break terminals, logs and comparisons.

use serde_json::json;

use crate::victim::{ORG, PROJECT, Victim};

/// Each is stored exactly or refused, on this wire.
pub(crate) const NAMES: [&str; 22] = [
    "\0",
    "a\0b",
    "a\r\nSet-Cookie: x=y",
    "a\u{1b}[31mred\u{1b}[0m",
    "\u{1b}]0;title\u{7}",
    "\u{202e}evil",
    "a\u{200b}b",
    "\u{feff}a",
    "caf\u{e9}",
    "cafe\u{301}",
    "\u{212b}",
    "\u{c5}",
    "ＡＢＣ",
    "\u{ffff}",
    "\u{10ffff}",
    "\u{e000}",
    "'; DROP TABLE secrets; --",
    "%s%n${jndi:x}",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "\u{85}\u{2028}\u{2029}",
    "a b\u{a0}c",
];

#[test]
fn a_name_is_stored_exactly_or_refused() {
    let mut victim = Victim::start();
    let mut stored = vec!["ordinary".to_owned()];
    for name in NAMES {
        let answer = victim.ask("POST", ORG, json!({ "name": name }).to_string().as_bytes());
        match answer.status {
            200 => {
                assert_eq!(answer.string("/name"), name);
                assert_eq!(answer.header("x-bt-found-existing"), None, "{name:?} is another name's equal");
                stored.push(name.to_owned());
            }
            400 => assert!(name.chars().any(char::is_control), "{name:?}: {}", answer.text()),
            status => panic!("{name:?}: {status} {}", answer.text()),
        }
    }
    stored.reverse();
    assert_eq!(victim.names(), stored, "read back as they were sent");
    for name in NAMES {
        let answer = victim.ask("POST", PROJECT, json!({ "name": name, "value": "v" }).to_string().as_bytes());
        assert_eq!(answer.status, 400, "{name:?}");
    }
    let log = victim.log();
    assert!(
        !log.contains("\u{1b}[31mred") && !log.contains("\nSet-Cookie") && !log.contains('\u{202e}'),
        "{log}"
    );
}

#[test]
fn a_name_that_is_no_text_or_too_long_is_refused() {
    let mut victim = Victim::start();
    let long = "x".repeat(1_000_000);
    for target in [ORG, PROJECT, "/keyholt/v1/secrets", "/keyholt/v1/orgs"] {
        for name in
            [&format!("\"{long}\""), r#""\ud800""#, r#""\udfff\ud800""#, r#""\u0000""#, "\"\\u00\"", "\"\\x\""]
        {
            let body = format!(r#"{{"name":{name},"value":"v"}}"#);
            let answer = victim.ask("POST", target, body.as_bytes());
            assert_eq!(answer.status, 400, "{target} {name:.40}: {}", answer.text());
        }
        for bytes in [&b"\xff"[..], b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3"] {
            let body = [br#"{"value":"v","name":""#, bytes, br#""}"#].concat();
            assert_eq!(victim.ask("POST", target, &body).status, 400, "{target} {bytes:?}");
        }
    }
    assert_eq!(victim.names(), ["ordinary"]);
}
