//! Tokens of an issuer that a file names.

use std::fs;

use keyholt_engine::SystemClock;
use keyholt_testkit::{KeyKind, Setup, TokenKey, base64url, key_set};
use keyholt_types::Clock;
use serde_json::{Value, json};

use crate::refused::{ANY_PORT, assert_nothing_was_made, refusal, setup};

const ISSUERS: &str = r#"
[[issuer]]
issuer = "https://issuer.example"
audience = "keyholt"
algorithms = ["ES256"]
jwks_file = "keys.json"
[[issuer.rule]]
claims = { sub = "repo:acme/*" }
org = "default"
role = "viewer"
"#;

/// A setup that takes tokens of a key; none where there is nobody to sign.
fn setup_with_issuer() -> Option<(Setup, TokenKey)> {
    let key = TokenKey::make(KeyKind::P256)?;
    let setup = setup().variable("KEYHOLT_JWT_ISSUERS", "issuers.toml");
    fs::write(setup.folder().join("issuers.toml"), ISSUERS).unwrap();
    fs::write(setup.folder().join("keys.json"), key_set(&[key.jwk(Some("first"))])).unwrap();
    Some((setup, key))
}

fn claims(subject: &str) -> Value {
    let now = SystemClock::start().now().millis() / 1000;
    json!({"iss": "https://issuer.example", "sub": subject, "aud": "keyholt", "iat": now, "exp": now + 300})
}

#[test]
fn a_token_of_a_configured_issuer_is_a_credential_and_is_not_logged() {
    let Some((setup, key)) = setup_with_issuer() else { return };
    let setup = setup.variable("KEYHOLT_LOG_LEVEL", "trace").variable("KEYHOLT_ACCESS_LOG", "1");
    let server = setup.start().unwrap();
    let status = |token: &str, method: &str, path: &str, body: Option<&[u8]>| {
        server.anonymous().bearer(token).send(method, path, body).unwrap().status
    };
    let list = |token: &str| status(token, "GET", "/v1/ai_secret", None);
    let header = json!({"alg": "ES256", "kid": "first"});
    let token = key.token(&header, &claims("repo:acme/evals"));
    assert_eq!(list(&token), 200);
    assert_eq!(status(&token, "POST", "/v1/ai_secret", Some(b"{\"name\":\"a\"}")), 403);
    assert_eq!(list(&key.token(&header, &claims("repo:other/evals"))), 401);
    assert_eq!(list(&key.token_with_mac(b"x", &json!({"alg": "HS256"}), &claims("repo:acme/evals"))), 401);
    let (signed, _) = token.rsplit_once('.').unwrap();
    assert_eq!(list(&format!("{signed}.")), 401);
    assert_eq!(list(&format!("{signed}.{}", base64url(&[0; 64]))), 401);
    let output = String::from_utf8_lossy(&server.output()).into_owned();
    for part in token.split('.') {
        assert!(!output.contains(part), "a part of the token was logged");
    }
}

#[test]
fn issuers_that_cannot_be_are_refused_before_anything_is_made() {
    let Some((setup, _)) = setup_with_issuer() else { return };
    let file = setup.folder().join("issuers.toml");
    for (changed, with, status, expected) in [
        ("ES256", "HS256", 2, "issuers.toml, issuer \"https://issuer.example\": algorithms must be"),
        ("claims = { sub = \"repo:acme/*\" }", "", 2, "rule 1, claims is required"),
        ("jwks_file", "jwks_uri", 2, "issuers.toml, line 6: unknown field `jwks_uri`"),
        (
            "jwks_file = \"keys.json\"",
            "jwks_url = \"https://issuer.example/\"\njwks_ca_file = \"ca.pem\"",
            1,
            "jwks_ca_file: ca.pem cannot be read",
        ),
    ] {
        fs::write(&file, ISSUERS.replace(changed, with)).unwrap();
        let said = refusal(&setup, &ANY_PORT, status);
        assert!(said.contains(expected), "{said}");
        assert_nothing_was_made(&setup);
    }
    fs::remove_file(&file).unwrap();
    let said = refusal(&setup, &ANY_PORT, 2);
    assert!(said.contains("the file of token issuers issuers.toml does not exist"), "{said}");
}
