//! What is asked without an API key: probes, metrics, the description.

use keyholt_testkit::{Client, Server, Setup, free_address};

use crate::refused::setup;

fn with_metrics() -> (Setup, Server, Client) {
    let metrics = free_address().unwrap();
    let setup = setup().variable("KEYHOLT_METRICS_LISTEN", &metrics.to_string());
    let server = setup.start().unwrap();
    (setup, server, Client::new(metrics))
}

#[test]
fn the_probes_answer_without_a_key() {
    let setup = setup();
    let mut client = setup.start().unwrap().anonymous();
    // The server has gone with its value above; a probe of one that runs follows.
    assert!(client.send("GET", "/healthz", None).is_err());
    let server = setup.start().unwrap();
    for probe in ["/healthz", "/readyz"] {
        let answer = server.anonymous().send("GET", probe, None).unwrap();
        assert_eq!(answer.status, 200, "{probe}: {}", answer.text());
    }
}

#[test]
fn metrics_are_served_on_their_own_listener_alone() {
    let (_setup, server, mut metrics) = with_metrics();
    let shown = metrics.send("GET", "/metrics", None).unwrap();
    assert_eq!(shown.status, 200);
    assert!(shown.text().contains("# TYPE keyholt_http_requests counter"), "{}", shown.text());
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
fn a_metrics_port_that_was_picked_is_printed() {
    let setup = setup();
    let server = setup.start_with(&["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]).unwrap();
    let said = String::from_utf8(server.output()).unwrap();
    let address = said.lines().find_map(|line| line.strip_prefix("metrics at http://")).unwrap();
    let address = address.strip_suffix("/metrics").unwrap().parse().unwrap();
    assert_eq!(Client::new(address).send("GET", "/metrics", None).unwrap().status, 200);
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
