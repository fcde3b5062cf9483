//! Tokens that somebody made up, changed or stole: each is refused, whatever it says of itself.

use keyholt_crypto::{JwtHead, JwtKeys, JwtRefused, verify_jwt};
use keyholt_testkit::{KeyKind, TokenKey, base64url};
use keyholt_types::{Credential, JwtAlgorithm};
use serde_json::{Value, json};

use crate::jwt::{ISSUER, NOW, claims, claims_with, issuer, keys, now, verify};

/// An issuer with a key of each kind, and an attacker with keys of their own.
struct Scene {
    rsa: TokenKey,
    p256: TokenKey,
    ed25519: TokenKey,
    attacker: TokenKey,
    keys: JwtKeys,
}

fn scene() -> Option<Scene> {
    let (rsa, p256) = (TokenKey::make(KeyKind::Rsa(2048))?, TokenKey::make(KeyKind::P256)?);
    let (ed25519, attacker) = (TokenKey::make(KeyKind::Ed25519)?, TokenKey::make(KeyKind::P256)?);
    let keys = keys(&[rsa.jwk(Some("rsa")), p256.jwk(Some("p256")), ed25519.jwk(Some("ed"))]);
    Some(Scene { rsa, p256, ed25519, attacker, keys })
}

impl Scene {
    #[track_caller]
    fn refuses(&self, token: &str, why: JwtRefused) {
        assert_eq!(verify(token, &self.keys).map(drop), Err(why), "{token:.400}");
    }

    #[track_caller]
    fn refuses_as_invalid(&self, token: &str) {
        self.refuses(token, JwtRefused::Invalid);
    }

    /// The token of these claims, properly signed.
    fn signed(&self, claims: &Value) -> String {
        self.ed25519.token(&json!({"alg": "EdDSA", "kid": "ed"}), claims)
    }

    #[track_caller]
    fn does_not_take(&self, changes: &Value) {
        let verified = verify(&self.signed(&claims_with(changes)), &self.keys);
        assert!(verified.is_err_or_not_taken(), "{changes}");
    }
}

trait Refusal {
    fn is_err_or_not_taken(&self) -> bool;
}

impl Refusal for Result<keyholt_crypto::JwtClaims, JwtRefused> {
    fn is_err_or_not_taken(&self) -> bool {
        self.as_ref().map_or(true, |claims| claims.taken_until(&issuer(), now()).is_none())
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()))
}

#[test]
fn an_algorithm_that_nobody_may_use_is_refused() {
    let Some(scene) = scene() else { return };
    for alg in
        ["none", "None", "NONE", "nOnE", "", "es256", "ES256 ", "RS1", "RS384", "ES384", "HS256", "Ed25519"]
    {
        for kid in [json!({"alg": alg, "kid": "p256"}), json!({"alg": alg})] {
            let token = unsigned(&kid, &claims());
            scene.refuses_as_invalid(&format!("{token}."));
            scene.refuses_as_invalid(&token);
            scene.refuses_as_invalid(&format!("{token}.AAAA"));
            // Even with a signature that is right.
            let header = kid.to_string();
            scene.refuses_as_invalid(&scene.p256.token_of(&header, &claims().to_string(), "ES256"));
        }
    }
    for header in
        ["{}", r#"{"alg":null}"#, r#"{"alg":["ES256"]}"#, r#"{"alg":"ES256","alg":"none"}"#, "[]", "x"]
    {
        scene.refuses_as_invalid(&scene.p256.token_of(header, &claims().to_string(), "ES256"));
    }
}

#[test]
fn a_public_key_is_no_secret_of_a_mac() {
    let Some(scene) = scene() else { return };
    let modulus = scene.rsa.jwk(None)["n"].as_str().unwrap().to_owned();
    let x = scene.p256.jwk(None)["x"].as_str().unwrap().to_owned();
    let secrets = [
        scene.rsa.public_pem(),
        scene.p256.public_pem(),
        scene.ed25519.public_pem(),
        scene.rsa.jwk(Some("rsa")).to_string().into_bytes(),
        modulus.into_bytes(),
        x.into_bytes(),
        vec![0],
    ];
    for secret in secrets {
        for (alg, kid) in
            [("HS256", "rsa"), ("HS256", "p256"), ("RS256", "rsa"), ("EdDSA", "ed"), ("ES256", "p256")]
        {
            let header = json!({"alg": alg, "kid": kid});
            scene.refuses_as_invalid(&scene.p256.token_with_mac(&secret, &header, &claims()));
        }
    }
}

#[test]
fn a_signature_is_verified_with_the_algorithm_and_the_key_that_the_header_names() {
    let Some(scene) = scene() else { return };
    let text = claims().to_string();
    for (key, named, signed, kid) in [
        (&scene.rsa, "PS256", "RS256", "rsa"),
        (&scene.rsa, "RS256", "PS256", "rsa"),
        (&scene.rsa, "RS256", "RS256", "p256"),
        (&scene.rsa, "ES256", "RS256", "rsa"),
        (&scene.p256, "EdDSA", "ES256", "p256"),
        (&scene.p256, "ES256", "ES256", "rsa"),
        (&scene.ed25519, "ES256", "EdDSA", "ed"),
        (&scene.ed25519, "EdDSA", "EdDSA", "p256"),
    ] {
        let header = json!({"alg": named, "kid": kid}).to_string();
        scene.refuses_as_invalid(&key.token_of(&header, &text, signed));
    }
}

#[test]
fn an_algorithm_that_the_issuer_or_the_key_does_not_allow_is_refused() {
    let Some(scene) = scene() else { return };
    let token = Credential::new(scene.rsa.token(&json!({"alg": "RS256", "kid": "rsa"}), &claims()));
    let with = |allowed: &[JwtAlgorithm]| verify_jwt(&token, &scene.keys, allowed).map(drop);
    assert_eq!(with(&[JwtAlgorithm::Rs256]), Ok(()));
    assert_eq!(with(&[JwtAlgorithm::Ps256, JwtAlgorithm::Es256]), Err(JwtRefused::Invalid));
    assert_eq!(with(&[]), Err(JwtRefused::Invalid));
    let mut narrowed = scene.rsa.jwk(Some("rsa"));
    narrowed["alg"] = json!("PS256");
    let verified = verify_jwt(&token, &keys(&[narrowed]), &issuer().algorithms);
    assert_eq!(verified.map(drop), Err(JwtRefused::Invalid));
}

#[test]
fn a_signature_of_zeros_or_of_another_length_is_refused() {
    let Some(scene) = scene() else { return };
    for (alg, kid, length) in
        [("ES256", "p256", 64), ("EdDSA", "ed", 64), ("RS256", "rsa", 256), ("PS256", "rsa", 256)]
    {
        let token = unsigned(&json!({"alg": alg, "kid": kid}), &claims());
        for bytes in [vec![0; length], vec![0xff; length], vec![0; length - 1], vec![0], vec![1; length]] {
            scene.refuses_as_invalid(&format!("{token}.{}", base64url(&bytes)));
        }
    }
    // In DER, as other protocols have it.
    let token = unsigned(&json!({"alg": "ES256", "kid": "p256"}), &claims());
    let signature = scene.p256.sign("ES256", token.as_bytes());
    let (r, s) = signature.split_at(32);
    let number = |number: &[u8]| [&[2, 33, 0], number].concat();
    let der = [&[0x30, 70][..], &number(r), &number(s)].concat();
    scene.refuses_as_invalid(&format!("{token}.{}", base64url(&der)));
    scene.refuses_as_invalid(&format!("{token}.{}", base64url(&[&signature[..], &[0]].concat())));
}

#[test]
fn a_key_of_another_curve_is_not_one_of_es256() {
    let (Some(scene), Some(p384)) = (scene(), TokenKey::make(KeyKind::P384)) else { return };
    let header = json!({"alg": "ES256", "kid": "p384"});
    let token = p384.token(&header, &claims());
    let mut disguised = p384.jwk(Some("p384"));
    disguised["crv"] = json!("P-256");
    for jwk in [p384.jwk(Some("p384")), disguised] {
        let keys = keys(&[jwk, scene.ed25519.jwk(Some("ed"))]);
        assert_eq!(verify(&token, &keys).map(drop), Err(JwtRefused::UnknownKey));
        let unnamed = p384.token(&json!({"alg": "ES256"}), &claims());
        assert_eq!(verify(&unnamed, &keys).map(drop), Err(JwtRefused::Invalid));
    }
}

#[test]
fn a_header_cannot_bring_its_own_key() {
    let Some(scene) = scene() else { return };
    let jwk = scene.attacker.jwk(Some("p256"));
    for member in [
        json!({"jwk": jwk}),
        json!({"jku": "https://attacker.example/jwks.json"}),
        json!({"x5u": "https://attacker.example/chain.pem"}),
        json!({"x5c": [base64url(&scene.attacker.public_pem())]}),
        json!({"x5t": "AAAA", "x5t#S256": "AAAA"}),
    ] {
        let mut header = member;
        header["alg"] = json!("ES256");
        scene.refuses_as_invalid(&scene.attacker.token(&header, &claims()));
        // The issuer's own signature counts all the same: what stands there is not read.
        assert!(verify(&scene.p256.token(&header, &claims()), &scene.keys).is_ok());
        header["kid"] = json!("p256");
        scene.refuses_as_invalid(&scene.attacker.token(&header, &claims()));
        header["kid"] = json!("attacker");
        scene.refuses(&scene.attacker.token(&header, &claims()), JwtRefused::UnknownKey);
    }
}

#[test]
fn a_key_name_selects_only() {
    let Some(scene) = scene() else { return };
    let long = "x".repeat(8000);
    for kid in [
        "unknown",
        "",
        "P256",
        "p256 ",
        "p256\0",
        "../../../../dev/null",
        "/proc/self/environ",
        "' OR '1'='1",
        "p256' UNION SELECT 'AAAA' --",
        "| id",
        "https://attacker.example/key",
        "0",
        &long,
    ] {
        let header = json!({"alg": "ES256", "kid": kid});
        scene.refuses(&scene.attacker.token(&header, &claims()), JwtRefused::UnknownKey);
        scene.refuses(&scene.p256.token(&header, &claims()), JwtRefused::UnknownKey);
    }
    for kid in [json!(null), json!(0), json!(["p256"]), json!({"p256": 1})] {
        scene.refuses_as_invalid(&scene.p256.token(&json!({"alg": "ES256", "kid": kid}), &claims()));
    }
}

#[test]
fn another_issuers_key_is_not_this_ones() {
    let Some(scene) = scene() else { return };
    let others = keys(&[scene.attacker.jwk(Some("p256"))]);
    let token = scene.attacker.token(&json!({"alg": "ES256", "kid": "p256"}), &claims());
    assert!(verify(&token, &others).is_ok());
    scene.refuses_as_invalid(&token);
}

#[test]
fn an_extension_that_must_be_understood_is_not() {
    let Some(scene) = scene() else { return };
    for member in [
        json!({"crit": ["exp"]}),
        json!({"crit": []}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"b64": true}),
        json!({"b64": false}),
    ] {
        let mut header = member;
        header["alg"] = json!("EdDSA");
        scene.refuses_as_invalid(&scene.ed25519.token(&header, &claims()));
    }
}

#[test]
fn any_change_of_a_token_is_noticed() {
    let Some(scene) = scene() else { return };
    let token = scene.signed(&claims());
    assert!(verify(&token, &scene.keys).is_ok());
    for place in (0..token.len()).step_by(7) {
        let other = if token.as_bytes()[place] == b'A' { "B" } else { "A" };
        let mut changed = token.clone();
        changed.replace_range(place..=place, other);
        assert!(verify(&changed, &scene.keys).is_err(), "{place}");
        assert!(verify(&token[..place], &scene.keys).is_err(), "{place}");
    }
    let signature = token.rsplit_once('.').unwrap().1;
    let moved = format!(
        "{}.{signature}",
        unsigned(&json!({"alg": "EdDSA", "kid": "ed"}), &claims_with(&json!({"sub": "x"})))
    );
    scene.refuses_as_invalid(&moved);
}

#[test]
fn a_token_has_one_spelling() {
    let Some(scene) = scene() else { return };
    let token = scene.signed(&claims());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    for other in [
        format!("{token}="),
        format!("{token}=="),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{payload}.{payload}.{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!("{header}.{payload}"),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{token}\0"),
        format!("{header}\n.{payload}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{token}AA"),
        format!("Bearer {token}"),
        token.replace('.', "%2E"),
        token.to_uppercase(),
    ] {
        scene.refuses_as_invalid(&other);
        assert!(
            JwtHead::of(&Credential::new(other.clone())).is_none_or(|_| other.len() == token.len() + 2),
            "{other}"
        );
    }
    // The alphabet of ordinary base64, which a lenient reader takes as well.
    let bytes = scene.ed25519.sign("EdDSA", b"x");
    assert_eq!(bytes.len(), 64);
    let ordinary = signature.replace('-', "+").replace('_', "/");
    if ordinary != signature {
        scene.refuses_as_invalid(&format!("{signed}.{ordinary}"));
    }
    // 64 bytes leave four bits of the last digit, which must be zero.
    let last = if signature.ends_with('A') { "B" } else { "h" };
    scene.refuses_as_invalid(&format!("{signed}.{}{last}", &signature[..signature.len() - 1]));
}

#[test]
fn a_token_that_is_too_long_is_refused() {
    let Some(scene) = scene() else { return };
    let padded = |length: usize| scene.signed(&claims_with(&json!({"padding": "x".repeat(length)})));
    assert!(verify(&padded(11_000), &scene.keys).is_ok());
    let long = padded(15_000);
    assert!(long.len() > 20_000);
    scene.refuses_as_invalid(&long);
    assert!(JwtHead::of(&Credential::new(long)).is_none());
}

#[test]
fn a_claim_that_stands_twice_is_refused() {
    let Some(scene) = scene() else { return };
    let one = claims().to_string();
    for more in [r#""exp":9999999999"#, r#""sub":"admin""#, r#""\u0073ub":"admin""#, r#""x":{"a":1,"a":2}"#] {
        let doubled = format!("{},{more}}}", one.trim_end_matches('}'));
        let header = json!({"alg": "EdDSA", "kid": "ed"}).to_string();
        scene.refuses_as_invalid(&scene.ed25519.token_of(&header, &doubled, "EdDSA"));
    }
    for text in [&format!("{one}{one}"), &format!("{one} x"), "[]", "null", "", "\"{}\"", &format!("[{one}]")] {
        let header = json!({"alg": "EdDSA", "kid": "ed"}).to_string();
        scene.refuses_as_invalid(&scene.ed25519.token_of(&header, text, "EdDSA"));
    }
}

#[test]
fn a_token_without_what_it_must_say_is_not_taken() {
    let Some(scene) = scene() else { return };
    assert!(!verify(&scene.signed(&claims()), &scene.keys).is_err_or_not_taken());
    let long = "x".repeat(1025);
    for (name, values) in [
        (
            "iss",
            vec![json!(null), json!("https://issuer.example/"), json!("https://ISSUER.example"), json!("")],
        ),
        (
            "iss",
            vec![
                json!([ISSUER]),
                json!({"a": ISSUER}),
                json!(format!("{ISSUER}\0")),
                json!(format!(" {ISSUER}")),
            ],
        ),
        ("aud", vec![json!(null), json!("someone"), json!(["someone"]), json!(1), json!([]), json!("")]),
        (
            "sub",
            vec![
                json!(null),
                json!(""),
                json!(long),
                json!(1),
                json!(["a"]),
                json!("a\0"),
                json!("a\nb"),
                json!("\u{85}"),
            ],
        ),
        (
            "exp",
            vec![
                json!(null),
                json!(NOW - 61),
                json!("9999999999"),
                json!(1e308),
                json!(-1),
                json!(1e15),
                json!(true),
            ],
        ),
        (
            "exp",
            vec![json!([NOW + 60]), json!(0), json!(i64::MAX), json!(u64::MAX), json!(i64::MIN), json!(-1e308)],
        ),
        ("exp", vec![json!(253_402_300_800_i64), json!(0.5), json!(-0.5)]),
        (
            "nbf",
            vec![
                json!(NOW + 120),
                json!("0"),
                json!(1e308),
                json!(-5),
                json!(-1e-9),
                json!(false),
                json!(1e30),
            ],
        ),
        (
            "iat",
            vec![
                json!(NOW + 120),
                json!("0"),
                json!(1e308),
                json!(-5),
                json!(0),
                json!(NOW - 90_000),
                json!({}),
            ],
        ),
    ] {
        for value in values {
            scene.does_not_take(&json!({name: value}));
        }
    }
    scene.does_not_take(&json!({"iat": null, "exp": NOW + 90_000}));
    // A claim of null is not one that is absent.
    let mut nulls = claims();
    nulls["nbf"] = Value::Null;
    assert!(verify(&scene.signed(&nulls), &scene.keys).is_err_or_not_taken());
}
