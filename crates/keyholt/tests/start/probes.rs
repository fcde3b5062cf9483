//! What is asked without an API key: probes, metrics, the description.

use keyholt_testkit::{Client, Server, Setup};

use crate::refused::setup;

fn with_metrics() -> (Setup, Server, Client) {
    let setup = setup().variable("KEYHOLT_METRICS_LISTEN", "127.0.0.1:0");
    let server = setup.start().unwrap();
    let metrics = server.metrics().expect("a port that was picked is printed");
    (setup, server, metrics)
}

#[test]
fn the_probes_answer_without_a_key() {
    let setup = setup();
    let server = setup.start().unwrap();
    for probe in ["/healthz", "/readyz"] {
        let answer = server.anonymous().send("GET", probe, None).unwrap();
        assert_eq!(answer.status, 200, "{probe}: {}", answer.text());
    }
    let ready = server.anonymous().send("GET", "/readyz", None).unwrap().text();
    assert_eq!(ready, r#"{"status":"ok","database":"sqlite","durability":"local-only"}"#);
}

#[test]
fn metrics_are_served_on_a_listener_of_their_own_alone() {
    let (_setup, server, mut metrics) = with_metrics();
    let shown = metrics.send("GET", "/metrics", None).unwrap();
    assert_eq!(shown.status, 200);
    assert!(shown.text().contains("# TYPE keyholt_locked_reads counter"), "{}", shown.text());
    assert_eq!(server.client().send("GET", "/metrics", None).unwrap().status, 404);
    for other in ["/v1/ai_secret", "/keyholt/v1/whoami", "/healthz", "/"] {
        assert_eq!(metrics.send("GET", other, None).unwrap().status, 404, "{other}");
    }
}

#[test]
fn metrics_count_requests_and_changes() {
    let (_setup, server, mut metrics) = with_metrics();
    assert_eq!(server.client().send("PUT", "/v1/ai_secret", Some(br#"{"name":"a"}"#)).unwrap().status, 200);
    let text = metrics.send("GET", "/metrics", None).unwrap().text();
    for line in ["keyholt_http_requests_total{", "keyholt_changes_total{action=\"secret.create\"} 1"] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn the_description_is_given_without_a_key() {
    let setup = setup();
    let server = setup.start().unwrap();
    let answer = server.anonymous().send("GET", "/openapi.json", None).unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.string("/openapi").starts_with("3."), "{}", answer.text());
    assert!(answer.json()["paths"]["/v1/ai_secret"].is_object());
    assert_eq!(server.anonymous().send("GET", "/v1/ai_secret", None).unwrap().status, 401);
}
