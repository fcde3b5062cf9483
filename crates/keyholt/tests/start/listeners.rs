//! Where a server may listen, and where it does.

use std::fs;
use std::net::{IpAddr, TcpListener};

use keyholt_testkit::Setup;

use crate::refused::{assert_nothing_was_made, refusal, setup};

const PUBLIC: [&str; 2] = ["--listen", "0.0.0.0:0"];
const PUBLIC_ON_PURPOSE: [&str; 3] = ["--listen", "0.0.0.0:0", "--insecure-plaintext"];

#[test]
fn a_public_address_without_tls_is_refused_before_anything_is_made() {
    let setup = setup();
    let said = refusal(&setup, &PUBLIC, 1);
    for part in ["0.0.0.0:0", "--tls-cert", "--tls-key", "--insecure-plaintext"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_nothing_was_made(&setup);
}

#[test]
fn a_public_address_without_tls_is_served_when_that_is_asked_for() {
    let server = setup().start_with(&PUBLIC_ON_PURPOSE).unwrap();
    assert_eq!(server.client().send("GET", "/v1/ai_secret", None).unwrap().status, 200);
}

#[test]
fn a_short_first_key_is_refused_where_other_machines_are_served() {
    let short = setup().variable("KEYHOLT_BOOTSTRAP_API_KEY", "My API Key");
    let said = refusal(&short, &PUBLIC_ON_PURPOSE, 1);
    assert!(said.contains("KEYHOLT_BOOTSTRAP_API_KEY is shorter than 32 characters"), "{said}");
    assert!(said.contains("loopback") && !said.contains("My API Key"), "{said}");
    assert_nothing_was_made(&short);
    let metrics = short.variable("KEYHOLT_METRICS_LISTEN", "0.0.0.0:0");
    let said = refusal(&metrics, &["--listen", "127.0.0.1:0"], 1);
    assert!(said.contains("KEYHOLT_BOOTSTRAP_API_KEY is shorter"), "{said}");
}

#[test]
fn a_taken_address_is_refused_with_its_option_before_anything_is_made() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let setup = setup();
    let said = refusal(&setup, &["--listen", &address], 1);
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
    let said = refusal(&setup, &["--listen", "127.0.0.1:0", "--metrics-listen", &address], 1);
    assert!(said.contains(&address) && said.contains("--metrics-listen"), "{said}");
    assert_nothing_was_made(&setup);
}

#[test]
fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
    let served_at = |setup: &Setup, options: &[&str]| {
        let server = setup.start_with(options).unwrap();
        assert_eq!(server.anonymous().send("GET", "/readyz", None).unwrap().status, 200);
        server.address().ip()
    };
    let loopback = |last| IpAddr::from([127, 0, 0, last]);
    let setup = setup();
    fs::write(setup.folder().join("keyholt.toml"), "listen = \"127.0.0.2:0\"\n").unwrap();
    assert_eq!(served_at(&setup, &[]), loopback(2));
    let setup = setup.variable("KEYHOLT_LISTEN", "127.0.0.3:0");
    assert_eq!(served_at(&setup, &[]), loopback(3));
    assert_eq!(served_at(&setup, &["--listen", "127.0.0.4:0"]), loopback(4));
}
