//! TLS with certificates given as files.

use keyholt_testkit::{Finished, Server, Setup, in_continuous_integration, program_exists};

use crate::refused::{assert_nothing_was_made, refusal, setup};

/// For the loopback address, and signed by itself.
const REQUEST: &str = "\
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = keyholt test
[extensions]
basicConstraints = critical, CA:FALSE
subjectAltName = IP:127.0.0.1
";

const OPTIONS: [&str; 6] = ["--listen", "127.0.0.1:0", "--tls-cert", "server.pem", "--tls-key", "server.key"];

/// A setup with a certificate in its folder; none without the programs that these tests need.
fn setup_with_certificate() -> Option<Setup> {
    for program in ["openssl", "curl"] {
        if !program_exists(program) {
            assert!(!in_continuous_integration(), "{program} is needed here");
            println!("skipped: there is no {program}");
            return None;
        }
    }
    let setup = setup();
    std::fs::write(setup.folder().join("request.cnf"), REQUEST).unwrap();
    make_certificate(&setup, "server");
    Some(setup)
}

fn make_certificate(setup: &Setup, name: &str) {
    let (cert, key) = (format!("{name}.pem"), format!("{name}.key"));
    let words = ["req", "-x509", "-config", "request.cnf", "-newkey", "ec", "-pkeyopt"];
    let more = ["ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-out", &cert, "-keyout", &key];
    let made = setup.run_tool("openssl", &[&words[..], &more].concat(), b"").unwrap();
    assert!(made.success(), "{made:?}");
}

fn curl(setup: &Setup, server: &Server, words: &[&str]) -> Finished {
    let url = format!("{}/v1/ai_secret", server.url());
    let key = format!("Authorization: Bearer {}", Setup::KEY);
    let common = ["-sS", "--max-time", "20", "-H", &key, "-w", " %{http_code} HTTP/%{http_version}", &url];
    setup.run_tool("curl", &[words, &common].concat(), b"").unwrap()
}

#[test]
fn tls_is_served_over_both_versions_of_http() {
    let Some(setup) = setup_with_certificate() else { return };
    let server = setup.start_with(&OPTIONS).unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"), "{}", server.url());
    for (version, expected) in [("--http2", "200 HTTP/2"), ("--http1.1", "200 HTTP/1.1")] {
        let answer = curl(&setup, &server, &["--cacert", "server.pem", version]);
        assert!(answer.success() && answer.stdout.ends_with(expected), "{answer:?}");
        assert!(answer.stdout.starts_with(r#"{"objects":[]}"#), "{answer:?}");
    }
    assert_eq!(server.stop().unwrap().status.code(), Some(0));
}

#[test]
fn nothing_is_answered_in_the_clear_where_tls_is_served() {
    let Some(setup) = setup_with_certificate() else { return };
    let server = setup.start_with(&OPTIONS).unwrap();
    assert!(server.client().send("GET", "/v1/ai_secret", None).is_err());
}

#[test]
fn the_command_line_checks_the_certificate() {
    let Some(setup) = setup_with_certificate() else { return };
    let server = setup.start_with(&OPTIONS).unwrap();
    let distrusted = setup.run_against(Some(&server), &["secret", "list"], b"").unwrap();
    assert_eq!(distrusted.status.code(), Some(1), "{distrusted:?}");
    assert!(distrusted.stderr.contains("certificate"), "{distrusted:?}");
    assert!(distrusted.stderr.contains("SSL_CERT_FILE"), "{distrusted:?}");
    let setup = setup.variable("SSL_CERT_FILE", "server.pem");
    let trusted = setup.run_against(Some(&server), &["secret", "list"], b"").unwrap();
    assert!(trusted.success(), "{trusted:?}");
}

#[test]
fn a_public_address_with_tls_is_served() {
    let Some(setup) = setup_with_certificate() else { return };
    let options = ["--listen", "0.0.0.0:0", "--tls-cert", "server.pem", "--tls-key", "server.key"];
    let server = setup.start_with(&options).unwrap();
    let answer = curl(&setup, &server, &["-k"]);
    assert!(answer.stdout.contains(" 200 "), "{answer:?}");
}

#[test]
fn a_key_of_another_certificate_is_refused_before_anything_is_made() {
    let Some(setup) = setup_with_certificate() else { return };
    make_certificate(&setup, "other");
    let options = ["--listen", "127.0.0.1:0", "--tls-cert", "server.pem", "--tls-key", "other.key"];
    let said = refusal(&setup, &options, 1);
    assert!(said.contains("server.pem") && said.contains("other.key"), "{said}");
    assert!(said.contains("do not go together"), "{said}");
    assert_nothing_was_made(&setup);
}

#[test]
fn half_of_a_certificate_and_what_is_none_are_refused() {
    let setup = setup();
    let said = refusal(&setup, &["--listen", "127.0.0.1:0", "--tls-cert", "server.pem"], 2);
    assert!(said.contains("tls_cert and tls_key: give both of them or none"), "{said}");
    let said = refusal(&setup, &OPTIONS, 1);
    assert!(said.contains("tls_cert: server.pem cannot be read as PEM"), "{said}");
    std::fs::write(setup.folder().join("server.pem"), "no certificate").unwrap();
    let said = refusal(&setup, &OPTIONS, 1);
    assert!(said.contains("tls_cert: server.pem holds no certificate"), "{said}");
    assert_nothing_was_made(&setup);
}
