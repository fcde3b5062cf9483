//! Clocks that jump while a server serves, and that differ between nodes: what is over stays over, limits and waits go by a
//! clock that cannot be moved, order stays, and the audit log says that it happened (design/security.md A7, A9).

use std::fs;
use std::time::Duration;

use keyholt_testkit::postgres::TestDatabase;
use keyholt_testkit::{Client, Deadline, KeyKind, Random, Server, Stopwatch, TokenKey, key_set};
use serde_json::json;

use crate::files;
use crate::moved_clock::Clock;
use crate::setting::{PATIENCE, assert_audit_log_is_whole, beside, list, put, setup, started};

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;
/// How long an answer may take: far less than any jump, far more than any work.
const AT_ONCE: Duration = Duration::from_secs(5);

const ISSUERS: &str = r#"
[[issuer]]
issuer = "https://issuer.example"
audience = "keyholt"
algorithms = ["ES256"]
jwks_file = "keys.json"
[[issuer.rule]]
claims = { sub = "me" }
org = "default"
role = "viewer"
"#;

/// A new API key that is valid for so many seconds.
fn key_for(server: &Server, name: &str, seconds: i64) -> (String, String) {
    let body = json!({ "name": name, "role": "viewer", "expires_in_seconds": seconds });
    let answer = server.client().json("POST", "/keyholt/v1/api-keys", &body).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    (answer.string("/key"), answer.string("/id"))
}

fn status(server: &Server, key: &str) -> u16 {
    list(&mut server.anonymous().bearer(key)).status
}

/// By how many seconds the audit log says that the clock was moved, newest first.
fn jumps(client: &mut Client) -> Vec<i64> {
    let answer = client.send("GET", "/keyholt/v1/audit?action=clock.jump", None).unwrap();
    let json = answer.json();
    let seconds =
        |event: &serde_json::Value| event["subject"]["name"].as_str()?.strip_suffix(" s")?.parse().ok();
    json["objects"].as_array().unwrap().iter().filter_map(seconds).collect()
}

#[test]
fn a_jump_changes_neither_order_nor_answers_and_is_in_the_audit_log() {
    let Some((setup, clock)) = Clock::of(files::setup()) else { return };
    let mut server = started(&setup);
    let (mut made, mut last_id, mut at) = (Vec::new(), String::new(), 0);
    for (number, seconds) in [DAY, 0, -DAY, YEAR, -YEAR, 3600, -3600, 0].into_iter().enumerate() {
        clock.set(seconds);
        let watch = Stopwatch::start();
        for one in 0..3 {
            let name = format!("{number}-{one}");
            let answer = put(&mut server.client(), &name);
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert!(answer.string("/id") > last_id, "ids increase strictly");
            last_id = answer.string("/id");
            made.push(name);
        }
        let listed = list(&mut server.client());
        let json = listed.json();
        let names = json["objects"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap());
        assert!(names.rev().eq(made.iter()), "newest first: {}", listed.text());
        assert!(watch.elapsed() < AT_ONCE, "{:?}", watch.elapsed());
        let moved = seconds - at;
        let is_told = || {
            let told = jumps(&mut server.client());
            told.len() == number + 1 && told.first().is_some_and(|told| (told - moved).abs() <= 30)
        };
        let told = Deadline::after(PATIENCE).poll(|| is_told().then_some(()));
        assert!(told.is_some(), "moved by {moved} s, but told {:?}", jumps(&mut server.client()));
        at = seconds;
        if number == 4 {
            // A start on a clock that is long before what is stored.
            assert!(server.stop().unwrap().success());
            server = started(&setup);
        }
    }
    assert_audit_log_is_whole(&setup, &server);
    assert!(server.stop().unwrap().success());
}

#[test]
fn what_is_over_by_the_clock_is_not_let_in_whichever_way_it_jumped() {
    let Some((setup, clock)) = Clock::of(files::setup()) else { return };
    let Some(token_key) = TokenKey::make(KeyKind::P256) else { return };
    fs::write(setup.folder().join("issuers.toml"), ISSUERS).unwrap();
    fs::write(setup.folder().join("keys.json"), key_set(&[token_key.jwk(Some("first"))])).unwrap();
    let setup = setup
        .variable("KEYHOLT_JWT_ISSUERS", "issuers.toml")
        .variable("KEYHOLT_LIMITS_REFUSED_PER_ADDRESS", "0");
    let server = started(&setup);
    let (key, _) = key_for(&server, "an-hour", 3600);
    let now = keyholt_types::Clock::now(&keyholt_engine::SystemClock::start()).millis() / 1000;
    let claims =
        json!({ "iss": "https://issuer.example", "sub": "me", "aud": "keyholt", "nbf": now, "exp": now + 300 });
    let token = token_key.token(&json!({ "alg": "ES256", "kid": "first" }), &claims);
    // A token has a leeway of 60 s for clocks that differ; this test takes less than 15 s of it.
    for (seconds, of_key, of_token) in [
        (0, 200, 200),
        (300 + 30, 200, 200),
        (300 + 61, 200, 401),
        (3601, 401, 401),
        (DAY, 401, 401),
        (YEAR, 401, 401),
        (0, 200, 200),
        // What has been let in before is let in until it is over.
        (-DAY, 200, 200),
        (-YEAR, 200, 200),
        (DAY, 401, 401),
    ] {
        clock.set(seconds);
        assert_eq!((status(&server, &key), status(&server, &token)), (of_key, of_token), "at {seconds} s");
    }
    // A token of the future that nobody has seen yet is none.
    let mut unseen = claims;
    for (seconds, expected) in [(-DAY, 401), (-YEAR, 401), (-30, 200), (301, 200), (362, 401)] {
        clock.set(seconds);
        unseen["jti"] = seconds.into();
        let token = token_key.token(&json!({ "alg": "ES256", "kid": "first" }), &unseen);
        assert_eq!(status(&server, &token), expected, "unseen, at {seconds} s");
    }
}

#[test]
fn limits_go_by_a_clock_that_cannot_be_moved() {
    let Some((setup, clock)) = Clock::of(files::setup()) else { return };
    let setup = setup.variable("KEYHOLT_LIMITS_PER_API_KEY", "2");
    let server = started(&setup);
    let mut client = server.client();
    let mut let_through = |times: usize| (0..times).filter(|_| list(&mut client).status == 200).count();
    let_through(50);
    for seconds in [DAY, YEAR, -YEAR, -DAY] {
        clock.set(seconds);
        let watch = Stopwatch::start();
        let through = let_through(20);
        // What the real time gives, and what of the burst it has given back since.
        let most = 4 + usize::try_from(watch.elapsed().as_secs()).unwrap() * 2;
        assert!(through <= most, "{through} of 20 went through in {:?}", watch.elapsed());
        let again = || (let_through(1) == 1).then_some(());
        assert!(Deadline::after(AT_ONCE).poll(again).is_some(), "nothing goes through any more");
    }
}

#[test]
fn a_request_that_waits_for_its_body_is_neither_cut_off_nor_kept_by_a_jump() {
    use std::io::{BufReader, Write};
    use std::net::TcpStream;
    let Some((setup, clock)) = Clock::of(files::setup()) else { return };
    let server = started(&setup);
    for seconds in [DAY, -YEAR] {
        let body = format!("{{\"name\":\"waits{seconds}\"}}");
        let mut stream = BufReader::new(TcpStream::connect(server.address()).unwrap());
        stream.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "PUT /v1/ai_secret HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\
             expect: 100-continue\r\n\r\n",
            keyholt_testkit::Setup::KEY,
            body.len()
        );
        stream.get_mut().write_all(head.as_bytes()).unwrap();
        assert_eq!(keyholt_testkit::read_answer(&mut stream, false).unwrap().status, 100);
        clock.set(seconds);
        // Other requests see the new time.
        assert_eq!(list(&mut server.client()).status, 200);
        stream.get_mut().write_all(body.as_bytes()).unwrap();
        assert_eq!(keyholt_testkit::read_answer(&mut stream, false).unwrap().status, 200);
    }
}

#[test]
fn nodes_an_hour_apart_revoke_within_a_second_and_end_keys_by_their_own_clocks() {
    let database = TestDatabase::database().unwrap();
    let first = setup(database.url());
    let Some((first, clock)) = Clock::of(first) else { return };
    let one = started(&first);
    let second = beside(&first, database.url());
    let two = started(&second);
    let mut random = Random::new(1);
    for seconds in [3600, -3600] {
        clock.set(seconds);
        for (from, to) in [(&one, &two), (&two, &one)] {
            let (key, id) = key_for(from, &random.text(8), 2 * 3600);
            let seen = || (status(to, &key) == 200 && status(from, &key) == 200).then_some(());
            Deadline::after(PATIENCE).poll(seen).expect("a new key is let in by both");
            let revoked = from.client().send("DELETE", &format!("/keyholt/v1/api-keys/{id}"), None).unwrap();
            let watch = Stopwatch::start();
            assert_eq!(revoked.status, 200, "{}", revoked.text());
            let refused = || (status(to, &key) == 401).then_some(());
            Deadline::after(PATIENCE).poll(refused).expect("it is refused");
            assert!(watch.elapsed() < Duration::from_secs(1), "{:?}", watch.elapsed());
        }
        // Half an hour, by the clock of the node that made it.
        let (key, _) = key_for(&two, &random.text(8), 1800);
        let expected = if seconds > 0 { 401 } else { 200 };
        assert_eq!((status(&one, &key), status(&two, &key)), (expected, 200), "{seconds}");
        // What either writes, the other reads and may change.
        for (from, to) in [(&one, &two), (&two, &one)] {
            let name = random.text(8);
            assert_eq!(put(&mut from.client(), &name).status, 200);
            assert_eq!(put(&mut to.client(), &name).status, 200);
        }
    }
    assert_audit_log_is_whole(&first, &one);
}
