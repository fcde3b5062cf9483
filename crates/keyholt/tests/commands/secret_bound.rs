//! Secrets that cannot be used, and the hosts that values are bound to.

use crate::shell::{Shell, VALUE};

const A_HOST: &str = r#"{"api_base": "https://a.example/v1"}"#;
const ANOTHER: &str = r#"{"api_base": "https://b.example/v1"}"#;

/// Changes the metadata alone, which `secret set` cannot.
#[track_caller]
fn move_to_another_host(shell: &Shell, name: &str) {
    let id = shell.json(&["secret", "get", name])["id"].as_str().unwrap().to_owned();
    let body = format!(r#"{{"metadata": {ANOTHER}}}"#);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let answer = shell.server.client().json("PATCH", &format!("/keyholt/v1/secrets/{id}"), &body).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn hosts_that_changed_are_told_and_confirmed() {
    let shell = Shell::new();
    shell.set(&["A", "--type", "openai", "--metadata", A_HOST], VALUE);
    assert!(shell.ok(&["secret", "get", "A"]).contains("https://a.example:443"));
    move_to_another_host(&shell, "A");
    let shown = shell.ok(&["secret", "get", "A"]);
    assert!(shown.contains("not usable") && shown.contains("the hosts changed"), "{shown}");
    let refused = shell.refused(&["secret", "confirm-hosts", "A"], 2);
    assert!(refused.contains("--yes"), "{refused}");
    let confirmed = shell.ok(&["secret", "confirm-hosts", "A", "--yes"]);
    assert_eq!(confirmed, "A is bound to https://b.example:443\n");
    assert!(!shell.ok(&["secret", "get", "A"]).contains("not usable"));
    let confirmed = shell.json(&["secret", "confirm-hosts", "A", "--yes"]);
    assert_eq!((&confirmed["bound_to"], &confirmed["unusable"]), (&"https://b.example:443".into(), &().into()));
}

#[test]
fn doctor_warns_of_secrets_for_providers_that_cannot_be_used() {
    let shell = Shell::new();
    shell.set(&["FINE", "--type", "openai"], VALUE);
    shell.set(&["FOR_SOMETHING_ELSE", "--type", "password"], VALUE);
    shell.set(&["TYPELESS"], VALUE);
    shell.set(&["MOVED", "--type", "openai", "--metadata", A_HOST], VALUE);
    move_to_another_host(&shell, "MOVED");
    shell.set(&["CASE", "--type", "OpenAI"], VALUE);
    shell.set(&["BASELESS", "--type", "azure", "--metadata", "{}"], VALUE);
    shell.set(&["LINES", "--type", "groq"], "two\nlines of a value");
    let report = shell.json(&["doctor"]);
    assert_eq!(report["ok"], true, "{report}");
    let checks = report["checks"].as_array().unwrap();
    let mut warnings: Vec<&str> = checks
        .iter()
        .filter(|check| check["check"] == "unusable" && check["state"] == "warn")
        .map(|check| check["message"].as_str().unwrap())
        .collect();
    warnings.sort_unstable();
    assert_eq!(warnings.len(), 4, "{warnings:?}");
    for (warning, (name, reason)) in warnings.iter().zip([
        ("BASELESS (", "metadata.api_base "),
        ("CASE (", "type is not the type of a provider"),
        ("LINES (", "the value cannot be put into a header"),
        ("MOVED (", "the hosts changed"),
    ]) {
        assert!(warning.starts_with(name) && warning.contains(reason), "{warning}");
        assert!(warning.contains(" of default) "), "{warning}");
    }
}
