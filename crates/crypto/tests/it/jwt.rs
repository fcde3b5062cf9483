//! Tokens of a signer that is not ours: which are taken, and until when.

use keyholt_crypto::{JwksProblem, JwtClaims, JwtHead, JwtKeys, JwtRefused, verify_jwt};
use keyholt_testkit::{KeyKind, TokenKey, base64url, key_set};
use keyholt_types::{
    ClaimName, Credential, JwksPlace, JwtAlgorithm, JwtIssuer, JwtRule, OrgName, Restriction, Role, Timestamp,
};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://issuer.example";
/// 2026-11-21T09:30:00Z.
pub(crate) const NOW: i64 = 1_795_253_400;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(NOW * 1_000_000)
}

/// An issuer that signs with everything, for the audience `keyholt`, for an hour.
pub(crate) fn issuer() -> JwtIssuer {
    JwtIssuer {
        issuer: ISSUER.into(),
        audiences: vec!["other".into(), "keyholt".into()],
        algorithms: JwtAlgorithm::ALL.to_vec(),
        keys: JwksPlace::File("keys.json".into()),
        max_age_seconds: 3600,
        rules: vec![JwtRule {
            claims: Vec::new(),
            org: OrgName::parse("default").unwrap(),
            project: None,
            rights: Role::App.rights(),
            restriction: Restriction::default(),
        }],
    }
}

/// Claims that are taken.
pub(crate) fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "repo:acme/evals", "aud": "keyholt", "iat": NOW - 10, "exp": NOW + 600})
}

/// These claims with others in place of some; null takes one away.
pub(crate) fn claims_with(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

pub(crate) fn keys(jwks: &[Value]) -> JwtKeys {
    JwtKeys::parse(&key_set(jwks)).unwrap()
}

pub(crate) fn verify(token: &str, keys: &JwtKeys) -> Result<JwtClaims, JwtRefused> {
    verify_jwt(&Credential::new(token.to_owned()), keys, &issuer().algorithms)
}

/// For how many microseconds from now a token of such claims is taken.
fn taken_for(key: &TokenKey, keys: &JwtKeys, changes: &Value) -> Option<i64> {
    let token = key.token(&json!({"alg": "EdDSA"}), &claims_with(changes));
    let end = verify(&token, keys).ok()?.taken_until(&issuer(), now())?;
    Some(end.micros() - now().micros())
}

#[test]
fn each_algorithms_signatures_are_verified() {
    for (kind, algorithms) in [
        (KeyKind::Rsa(2048), &["RS256", "PS256"][..]),
        (KeyKind::P256, &["ES256"]),
        (KeyKind::Ed25519, &["EdDSA"]),
    ] {
        let Some(key) = TokenKey::make(kind) else { return };
        let keys = keys(&[key.jwk(Some("first"))]);
        for algorithm in algorithms {
            for header in [json!({"alg": algorithm, "kid": "first", "typ": "JWT"}), json!({"alg": algorithm})] {
                let token = key.token(&header, &claims());
                let head = JwtHead::of(&Credential::new(token.clone())).unwrap();
                assert_eq!(head.algorithm, JwtAlgorithm::parse(algorithm));
                assert_eq!((head.kid.as_deref(), &*head.issuer), (header["kid"].as_str(), ISSUER));
                let verified = verify(&token, &keys).unwrap();
                assert_eq!(format!("{verified:?} {keys:?}"), "JwtClaims(**) JwtKeys(1)");
                assert_eq!(verified.issuer(), Some(ISSUER));
                assert_eq!(verified.subject(), Some("repo:acme/evals"));
                assert_eq!(verified.audiences(), ["keyholt".into()]);
                assert_eq!(verified.expires_at(), Some(now().plus_seconds(600)));
                assert_eq!(
                    (verified.issued_at(), verified.not_before()),
                    (Some(now().plus_seconds(-10)), None)
                );
                assert_eq!(verified.taken_until(&issuer(), now()), Some(now().plus_seconds(660)));
            }
        }
    }
}

#[test]
fn a_signature_of_es256_with_short_numbers_is_verified() {
    let Some(key) = TokenKey::make(KeyKind::P256) else { return };
    let keys = keys(&[key.jwk(None)]);
    // One signature in 128 has a number with a zero byte in front.
    for number in 0..40 {
        let token = key.token(&json!({"alg": "ES256"}), &claims_with(&json!({"n": number})));
        assert!(verify(&token, &keys).is_ok(), "{number}");
    }
}

#[test]
fn a_token_is_taken_from_its_beginning_to_its_end_and_a_minute_around_them() {
    let Some(key) = TokenKey::make(KeyKind::Ed25519) else { return };
    let keys = keys(&[key.jwk(None)]);
    let taken_for = |changes: Value| taken_for(&key, &keys, &changes);
    // The end.
    assert_eq!(taken_for(json!({})), Some(660_000_000));
    assert_eq!(taken_for(json!({"exp": NOW - 59})), Some(1_000_000));
    assert_eq!(taken_for(json!({"exp": NOW as f64 - 59.5})), Some(500_000));
    assert_eq!(taken_for(json!({"exp": NOW - 60})), None);
    assert_eq!(taken_for(json!({"exp": NOW - 3600, "iat": NOW - 3601})), None);
    assert_eq!(taken_for(json!({"exp": null})), None);
    // The beginning.
    assert_eq!(taken_for(json!({"nbf": NOW - 5, "iat": null})), Some(660_000_000));
    assert_eq!(taken_for(json!({"nbf": NOW + 60})), Some(660_000_000));
    assert_eq!(taken_for(json!({"nbf": NOW as f64 + 60.5})), None);
    assert_eq!(taken_for(json!({"nbf": NOW + 61})), None);
    // When it was issued.
    assert_eq!(taken_for(json!({"iat": NOW + 60})), Some(660_000_000));
    assert_eq!(taken_for(json!({"iat": NOW + 61})), None);
    assert_eq!(taken_for(json!({"iat": NOW - 3600})), Some(1));
    assert_eq!(taken_for(json!({"iat": NOW - 3601})), None);
    assert_eq!(taken_for(json!({"iat": NOW - 3500, "exp": NOW + 600})), Some(100_000_001));
    // However long it says that it is valid, its age ends it.
    assert_eq!(taken_for(json!({"exp": 253_402_207_200_i64})), Some(3_590_000_001));
    assert_eq!(taken_for(json!({"exp": NOW + 3660, "iat": null})), Some(3_720_000_000));
    assert_eq!(taken_for(json!({"exp": NOW + 3661, "iat": null})), None);
}

#[test]
fn no_token_is_older_than_a_day_whatever_is_configured() {
    let Some(key) = TokenKey::make(KeyKind::Ed25519) else { return };
    let keys = keys(&[key.jwk(None)]);
    let endless = JwtIssuer { max_age_seconds: u32::MAX, ..issuer() };
    for (iat, is_taken) in [(NOW - 86_400, true), (NOW - 86_401, false)] {
        let token = key.token(&json!({"alg": "EdDSA"}), &claims_with(&json!({"iat": iat})));
        assert_eq!(verify(&token, &keys).unwrap().taken_until(&endless, now()).is_some(), is_taken, "{iat}");
    }
}

#[test]
fn a_token_is_for_one_of_the_issuers_audiences() {
    let Some(key) = TokenKey::make(KeyKind::Ed25519) else { return };
    let keys = keys(&[key.jwk(None)]);
    let is_taken = |aud: Value| taken_for(&key, &keys, &json!({"aud": aud})).is_some();
    assert!(is_taken(json!("keyholt")) && is_taken(json!("other")) && is_taken(json!(["x", "keyholt"])));
    for other in [json!("Keyholt"), json!(""), json!("keyholt "), json!([]), json!(["x"]), json!([["keyholt"]])]
    {
        assert!(!is_taken(other.clone()), "{other}");
    }
    assert!(
        !is_taken(json!({"keyholt": "keyholt"})) && !is_taken(json!(["keyholt", 1])) && !is_taken(Value::Null)
    );
}

#[test]
fn any_claim_can_be_asked_for() {
    let Some(key) = TokenKey::make(KeyKind::Ed25519) else { return };
    let keys = keys(&[key.jwk(None)]);
    let more = json!({"kubernetes.io": {"namespace": "ml"}, "groups": ["a"]});
    let verified = verify(&key.token(&json!({"alg": "EdDSA"}), &claims_with(&more)), &keys).unwrap();
    let claim = |name: &str| verified.claim(&ClaimName::parse(name).unwrap()).cloned();
    assert_eq!(claim("/kubernetes.io/namespace"), Some(json!("ml")));
    assert_eq!(claim("groups"), Some(json!(["a"])));
    assert_eq!(claim("iss"), Some(json!(ISSUER)));
    assert_eq!(claim("email"), None);
}

#[test]
fn keys_that_cannot_be_used_are_left_out() {
    let Some(key) = TokenKey::make(KeyKind::P256) else { return };
    let with = |changes: Value| {
        let mut jwk = key.jwk(Some("first"));
        for (name, value) in changes.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        JwtKeys::parse(&key_set(&[jwk])).map(drop)
    };
    for right in [
        json!({}),
        json!({"use": "sig"}),
        json!({"alg": "ES256"}),
        json!({"key_ops": ["verify"]}),
        json!({"x5c": ["MII"], "x5t": "x", "nbf": 1}),
    ] {
        assert_eq!(with(right.clone()), Ok(()), "{right}");
    }
    for wrong in [
        json!({"use": "enc"}),
        json!({"use": ["sig"]}),
        json!({"key_ops": ["sign"]}),
        json!({"key_ops": "verify"}),
        json!({"alg": "RS256"}),
        json!({"alg": "ES384"}),
        json!({"alg": "HS256"}),
        json!({"alg": 1}),
        json!({"kid": 1}),
        json!({"kty": "oct", "k": "AAAA"}),
        json!({"kty": "OKP"}),
        json!({"crv": "P-384"}),
        json!({"crv": "secp256k1"}),
        json!({"x": base64url(&[1; 31])}),
        json!({"x": "+/=="}),
        json!({"d": base64url(&[1; 32])}),
    ] {
        assert_eq!(with(wrong.clone()), Err(JwksProblem::NoneUsable), "{wrong}");
    }
}

#[test]
fn rsa_keys_have_2048_to_8192_bits_and_a_plain_exponent() {
    let rsa = |modulus: &[u8], exponent: &[u8]| {
        let jwk = json!({"kty": "RSA", "n": base64url(modulus), "e": base64url(exponent)});
        JwtKeys::parse(&key_set(&[jwk])).is_ok()
    };
    let usual = [1, 0, 1];
    let shorter = |first: u8, bytes: usize| [vec![first], vec![0xff; bytes - 1]].concat();
    assert!(rsa(&[0xff; 256], &usual) && rsa(&shorter(0x80, 256), &[3]) && rsa(&[0xff; 1024], &usual));
    assert!(rsa(&[vec![0], vec![0xff; 256]].concat(), &[0, 1, 0, 1]));
    assert!(!rsa(&shorter(0x7f, 256), &usual) && !rsa(&[0xff; 128], &usual) && !rsa(&[0xff; 1025], &usual));
    assert!(!rsa(&[vec![0], vec![0xff; 255]].concat(), &usual) && !rsa(&[], &usual));
    for exponent in [&[][..], &[0], &[1], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
        assert!(!rsa(&[0xff; 256], exponent), "{exponent:?}");
    }
}

#[test]
fn a_key_set_has_at_least_one_key_and_at_most_100() {
    let Some(key) = TokenKey::make(KeyKind::Ed25519) else { return };
    let many = |count: usize| JwtKeys::parse(&key_set(&vec![key.jwk(None); count])).map(drop);
    assert_eq!(many(100), Ok(()));
    assert_eq!(many(101), Err(JwksProblem::TooMany));
    assert_eq!(many(0), Err(JwksProblem::NoneUsable));
    let symmetric = json!({"kty": "oct", "k": base64url(&[7; 32]), "alg": "HS256"});
    assert_eq!(JwtKeys::parse(&key_set(&[symmetric])).map(drop), Err(JwksProblem::NoneUsable));
    for wrong in [&b""[..], b"[]", b"{}", b"{\"keys\":{}}", b"<html>", b"{\"keys\":[],\"keys\":[]}", b"\xff"] {
        assert_eq!(JwtKeys::parse(wrong).map(drop), Err(JwksProblem::Malformed));
    }
}

#[test]
fn a_set_without_a_key_of_the_set_before_does_not_hold_all_of_it() {
    let (Some(one), Some(other)) = (TokenKey::make(KeyKind::Ed25519), TokenKey::make(KeyKind::P256)) else {
        return;
    };
    let (first, second) = (one.jwk(Some("1")), other.jwk(Some("2")));
    let both = keys(&[first.clone(), second.clone()]);
    assert!(both.hold_all_of(&keys(&[second.clone(), first.clone()])));
    assert!(both.hold_all_of(&keys(std::slice::from_ref(&first))));
    assert!(!keys(std::slice::from_ref(&first)).hold_all_of(&both));
    let renamed = keys(&[one.jwk(Some("2")), second.clone()]);
    assert!(!renamed.hold_all_of(&both));
    let mut narrowed = first;
    narrowed["alg"] = json!("EdDSA");
    assert!(!keys(&[narrowed, second]).hold_all_of(&both));
}
