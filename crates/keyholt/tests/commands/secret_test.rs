//! `keyholt secret test`.

use keyholt_testkit::{FakeProvider, Setup, Step};
use serde_json::Value;

use crate::shell::{Shell, VALUE};

/// A secret whose provider answers with this status.
async fn with_a_provider_that_answers(status: u16) -> (Shell, FakeProvider) {
    let provider = FakeProvider::saying(Step::json(status, "{}")).await.unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    let shell = Shell::of(setup.variable("KEYHOLT_EGRESS_ALLOW", &provider.entry()));
    let metadata = format!(r#"{{"api_base": "{}"}}"#, provider.url("/v1"));
    shell.set(&["A", "--type", "openai", "--metadata", &metadata], VALUE);
    (shell, provider)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_its_provider_takes_is_valid() {
    let (shell, provider) = with_a_provider_that_answers(200).await;
    assert_eq!(shell.ok(&["secret", "test", "A"]), "A is valid: the provider takes the value\n");
    assert_eq!(shell.json(&["secret", "test", "A"])["result"], "valid");
    let authorization = format!("Bearer {VALUE}");
    assert_eq!(provider.requests()[0].header("authorization"), Some(&*authorization));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_its_provider_refuses_is_an_error_with_the_status() {
    let (shell, _provider) = with_a_provider_that_answers(401).await;
    let refused = shell.refused(&["secret", "test", "A"], 1);
    assert!(refused.contains("A is not known to be valid") && refused.contains("401"), "{refused}");
    let refused = shell.run(&["secret", "test", "A", "--json"], "");
    assert_eq!(refused.status.code(), Some(1));
    let answer: Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!((&answer["result"], &answer["status"]), (&"refused".into(), &401.into()));
}

#[test]
fn what_cannot_be_tested_is_an_error_that_says_why() {
    let shell = Shell::new();
    shell.set(&["TYPELESS"], VALUE);
    shell.set(
        &["ELSEWHERE", "--type", "openai", "--metadata", r#"{"api_base": "http://127.0.0.1:1/v1"}"#],
        VALUE,
    );
    let refused = shell.refused(&["secret", "test", "TYPELESS"], 1);
    assert!(refused.contains("no request is known for this type"), "{refused}");
    let refused = shell.refused(&["secret", "test", "ELSEWHERE"], 1);
    assert!(refused.contains("cannot be used: the gateway may not reach the secret's host"), "{refused}");
    let viewer = shell.key("viewer", &["--role", "viewer"]);
    let refused = shell.run_as(&viewer, &["secret", "test", "TYPELESS"], "");
    assert!(refused.stderr.contains("This API key may not use values"), "{refused:?}");
}
