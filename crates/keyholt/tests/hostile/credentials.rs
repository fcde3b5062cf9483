//! Who has no right learns nothing, whatever the rest of the request says.

use serde_json::json;

use crate::victim::{ORG, PROJECT, VALUE, Victim};

const WRITES: [(&str, &str); 7] = [
    ("POST", ORG),
    ("PUT", ORG),
    ("DELETE", ORG),
    ("PATCH", "/v1/ai_secret/not-a-uuid"),
    ("POST", PROJECT),
    ("PATCH", "/v1/deployments/secrets/a"),
    ("POST", "/keyholt/v1/secrets"),
];

/// Sends a head that announces a body which never comes.
fn status_before_the_body(victim: &mut Victim, head: &str) -> u16 {
    victim
        .first_answer(
            format!(
                "{head}Content-Length: 1000

"
            )
            .as_bytes(),
        )
        .status
}

#[test]
fn a_wrong_credential_is_refused_before_the_body_is_read() {
    let mut victim = Victim::start();
    for (method, target) in WRITES {
        for authorization in ["", "Authorization: Bearer wrong\r\n", "Authorization: Bearer\r\n"] {
            let head = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{authorization}");
            assert_eq!(status_before_the_body(&mut victim, &head), 401, "{method} {target}");
            let whole = format!("{head}Content-Length: 5\r\n\r\nwrong");
            assert_eq!(victim.first_answer(whole.as_bytes()).status, 401, "{method} {target}");
            let large = format!("{head}Content-Length: 2000000\r\n\r\n");
            assert_eq!(victim.first_answer(large.as_bytes()).status, 401, "{method} {target}");
            let expecting = format!("{head}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
            assert_eq!(victim.first_answer(expecting.as_bytes()).status, 401, "{method} {target}");
        }
    }
}

#[test]
fn a_missing_right_is_refused_before_the_body_is_read() {
    let mut victim = Victim::start();
    let wanted = json!({ "name": "viewer", "orgs": ["default"], "role": "viewer" }).to_string();
    let mut client = victim.client();
    let made = client.send("POST", "/keyholt/v1/api-keys", Some(wanted.as_bytes())).unwrap();
    assert_eq!(made.status, 200, "{}", made.text());
    let key = made.string("/key");
    for (method, target) in WRITES {
        let head = format!("{method} {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n");
        assert_eq!(status_before_the_body(&mut victim, &head), 403, "{method} {target}");
    }
}

#[test]
fn two_credentials_are_none() {
    let mut victim = Victim::start();
    for second in ["Authorization: Bearer wrong", "authorization: Bearer wrong", "AUTHORIZATION: "] {
        let request = format!("{}{second}\r\n\r\n", victim.head("GET", ORG));
        assert_eq!(victim.first_answer(request.as_bytes()).status, 401, "{second}");
    }
    let one = victim.head("GET", ORG);
    let twice = one.lines().last().unwrap().to_owned();
    assert_eq!(victim.first_answer(format!("{one}{twice}\r\n\r\n").as_bytes()).status, 401);
}

#[test]
fn a_credential_in_another_place_or_shape_is_none() {
    let mut victim = Victim::start();
    let key = keyholt_testkit::Setup::KEY;
    let (start, end) = key.split_at(key.len() / 2);
    for header in [
        format!("Proxy-Authorization: Bearer {key}"),
        format!("Cookie: authorization=Bearer {key}"),
        format!("X-Api-Key: {key}"),
        format!("X-Forwarded-User: {VALUE}"),
        format!("Authorization: Bearer\t{key}x"),
        format!("Authorization: Bearer {start}"),
        format!("Authorization: Bearer {key}{end}"),
        format!("Authorization: Bearer {}", key.to_uppercase()),
        format!("Authorization: Bearer {key}, Bearer {key}"),
        format!("Authorization: Digest {key}"),
        "Authorization: Bearer ' OR 1=1 --".to_owned(),
        "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.".to_owned(),
        "Authorization: Bearer \u{ff}\u{fe}".to_owned(),
        format!("Authorization: Bearer {}", "x".repeat(10_000)),
    ] {
        let answer =
            victim.first_answer(format!("GET {ORG} HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n").as_bytes());
        assert_eq!(answer.status, 401, "{header:.60}");
    }
}
