//! An issuer of JSON Web Tokens whose keys and signatures are OpenSSL's: a signer that shares nothing with the server.
#![expect(clippy::expect_used, reason = "a test whose issuer cannot be had has failed")]

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{in_continuous_integration, program_exists};

/// A kind of key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyKind {
    /// RSA with so many bits.
    Rsa(u32),
    /// Elliptic curve P-256.
    P256,
    /// Elliptic curve P-384.
    P384,
    /// Ed25519.
    Ed25519,
}

/// A key pair in a folder of its own, which goes when this goes.
#[derive(Debug)]
pub struct TokenKey {
    folder: TempDir,
    kind: KeyKind,
}

impl TokenKey {
    /// Makes one; none where there is no OpenSSL, and then says so.
    #[must_use]
    pub fn make(kind: KeyKind) -> Option<Self> {
        if !program_exists("openssl") {
            assert!(!in_continuous_integration(), "openssl is needed here");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("keyholt-test-").tempdir().expect("a folder");
        let key = Self { folder, kind };
        let bits = match kind {
            KeyKind::Rsa(bits) => format!("rsa_keygen_bits:{bits}"),
            KeyKind::P256 => "ec_paramgen_curve:P-256".to_owned(),
            KeyKind::P384 => "ec_paramgen_curve:P-384".to_owned(),
            KeyKind::Ed25519 => String::new(),
        };
        let (algorithm, option) = match kind {
            KeyKind::Rsa(_) => ("RSA", Some(bits.as_str())),
            KeyKind::P256 | KeyKind::P384 => ("EC", Some(bits.as_str())),
            KeyKind::Ed25519 => ("ED25519", None),
        };
        let options = option.map_or_else(Vec::new, |option| vec!["-pkeyopt", option]);
        key.openssl(&[&["genpkey", "-algorithm", algorithm, "-out", "key.pem"], &options[..]].concat(), b"");
        Some(key)
    }

    /// The public key as a JSON Web Key.
    #[must_use]
    pub fn jwk(&self, kid: Option<&str>) -> Value {
        let public = self.openssl(&["pkey", "-in", "key.pem", "-pubout", "-outform", "DER"], b"");
        // A public key ends with its numbers (RFC 5480 2.2, RFC 8410 4).
        let last = |count: usize| public.get(public.len() - count..).expect("a public key").to_vec();
        let point = |crv: &str, size: usize| {
            let point = last(2 * size);
            let (x, y) = point.split_at(size);
            json!({"kty": "EC", "crv": crv, "x": base64url(x), "y": base64url(y)})
        };
        let mut jwk = match self.kind {
            KeyKind::Rsa(_) => json!({"kty": "RSA", "n": base64url(&self.modulus()), "e": "AQAB"}),
            KeyKind::P256 => point("P-256", 32),
            KeyKind::P384 => point("P-384", 48),
            KeyKind::Ed25519 => json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(&last(32))}),
        };
        if let (Some(kid), Some(members)) = (kid, jwk.as_object_mut()) {
            members.insert("kid".to_owned(), kid.into());
        }
        jwk
    }

    fn modulus(&self) -> Vec<u8> {
        let printed = self.openssl(&["rsa", "-in", "key.pem", "-noout", "-modulus"], b"");
        let printed = String::from_utf8(printed).expect("text");
        let digits = printed.trim().strip_prefix("Modulus=").expect("a modulus").to_owned();
        let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        (0..digits.len()).step_by(2).map(|at| byte(at).expect("hexadecimal digits")).collect()
    }

    /// The public key as PEM.
    #[must_use]
    pub fn public_pem(&self) -> Vec<u8> {
        self.openssl(&["pkey", "-in", "key.pem", "-pubout"], b"")
    }

    /// A signature of this kind: `RS256`, `PS256`, `ES256` or `EdDSA`.
    #[must_use]
    pub fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let digest = ["dgst", "-sha256", "-sign", "key.pem"];
        match algorithm {
            "RS256" => self.openssl(&digest, message),
            "PS256" => {
                let padding = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"];
                self.openssl(&[&digest[..], &padding].concat(), message)
            }
            "ES256" => {
                let size = if self.kind == KeyKind::P384 { 48 } else { 32 };
                both_numbers(&self.openssl(&digest, message), size).expect("a signature of two numbers")
            }
            _ => {
                // It signs files alone.
                fs::write(self.folder.path().join("message"), message).expect("a file");
                self.openssl(&["pkeyutl", "-sign", "-rawin", "-inkey", "key.pem", "-in", "message"], b"")
            }
        }
    }

    /// A token with this header and these claims, signed as the header says.
    #[must_use]
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_of(&header.to_string(), &claims.to_string(), header["alg"].as_str().unwrap_or_default())
    }

    /// A token of these two texts, whatever they are, signed with this algorithm.
    #[must_use]
    pub fn token_of(&self, header: &str, claims: &str, algorithm: &str) -> String {
        let signed = format!("{}.{}", base64url(header.as_bytes()), base64url(claims.as_bytes()));
        format!("{signed}.{}", base64url(&self.sign(algorithm, signed.as_bytes())))
    }

    /// A token with a MAC under this key (`HS256`) in place of a signature.
    #[must_use]
    pub fn token_with_mac(&self, key: &[u8], header: &Value, claims: &Value) -> String {
        let signed = format!(
            "{}.{}",
            base64url(header.to_string().as_bytes()),
            base64url(claims.to_string().as_bytes())
        );
        let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let words = ["dgst", "-sha256", "-mac", "HMAC", "-macopt", &format!("hexkey:{digits}"), "-binary"];
        format!("{signed}.{}", base64url(&self.openssl(&words, signed.as_bytes())))
    }

    /// What OpenSSL prints.
    fn openssl(&self, words: &[&str], input: &[u8]) -> Vec<u8> {
        #[expect(clippy::disallowed_methods, reason = "tests are signed for by a program that is not ours")]
        let mut command = Command::new("openssl");
        command.args(words).current_dir(self.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("openssl");
        if let Some(mut stdin) = child.stdin.take() {
            // A command that takes no input may have ended already.
            let _ended = stdin.write_all(input);
        }
        let output = child.wait_with_output().expect("openssl's output");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

/// A key set of these keys.
#[must_use]
pub fn key_set(keys: &[Value]) -> Vec<u8> {
    json!({"keys": keys}).to_string().into_bytes()
}

/// Base64url without padding.
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The two numbers of an ECDSA signature in DER, each of so many bytes (RFC 3279 2.2.3, RFC 7518 3.4).
fn both_numbers(der: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut rest = match der {
        [0x30, 0x81, _, rest @ ..] | [0x30, _, rest @ ..] => rest,
        _ => return None,
    };
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let [0x02, length, after @ ..] = rest else { return None };
        let (number, after) = after.split_at_checked(usize::from(*length))?;
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let number = number.get(zeros..)?;
        numbers.resize(numbers.len() + size.checked_sub(number.len())?, 0);
        numbers.extend_from_slice(number);
        rest = after;
    }
    Some(numbers)
}
