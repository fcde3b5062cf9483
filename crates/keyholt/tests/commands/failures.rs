//! What is said when a command cannot be done, and with which status it ends.

use keyholt_testkit::Setup;

use crate::shell::{Shell, said};

/// Every command that asks a server.
const COMMANDS: [&[&str]; 31] = [
    &["secret", "set", "A"],
    &["secret", "list"],
    &["secret", "get", "A"],
    &["secret", "get", "A", "--reveal"],
    &["secret", "test", "A"],
    &["secret", "confirm-hosts", "A", "--yes"],
    &["secret", "rm", "A", "--yes"],
    &["usage"],
    &["usage", "--secret", "A", "--by", "a"],
    &["org", "create", "a"],
    &["org", "list"],
    &["org", "rename", "a", "b"],
    &["project", "create", "a"],
    &["project", "list"],
    &["project", "rename", "a", "b"],
    &["project", "rm", "a", "--yes"],
    &["user", "create", "a", "--role", "app"],
    &["user", "list"],
    &["user", "show", "a"],
    &["user", "edit", "a", "--name", "b"],
    &["user", "suspend", "a"],
    &["user", "resume", "a"],
    &["user", "rm", "a", "--yes"],
    &["service-account", "list"],
    &["key", "create", "--role", "app", "--name", "a"],
    &["key", "list"],
    &["key", "show", "a"],
    &["key", "revoke", "0199d2ab-7c51-7e02-b1c4-5c8d0e3f9a11", "--yes"],
    &["whoami"],
    &["audit", "list"],
    &["audit", "verify"],
];

#[test]
fn a_wrong_key_is_refused_with_a_hint_and_not_repeated() {
    let shell = Shell::new();
    for words in COMMANDS {
        for format in [&[][..], &["--json"]] {
            let refused = said(&shell.run_as("khk_very-private", &[words, format].concat(), "value"), 1);
            assert!(refused.contains("unknown here, expired or revoked"), "{words:?}: {refused}");
            assert!(!refused.contains("very-private"), "{words:?}: {refused}");
        }
    }
}

#[test]
fn without_a_key_one_is_asked_for() {
    let shell = Shell::new();
    let url = shell.server.url();
    for words in COMMANDS {
        let words = [words, &["--url", &url]].concat();
        let refused = said(&shell.setup.run(&words, b"value").unwrap(), 1);
        assert!(refused.contains("set KEYHOLT_API_KEY to an API key of this server"), "{words:?}: {refused}");
    }
}

#[test]
fn a_server_that_does_not_answer_is_named_with_a_hint() {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    // A port that nobody is given and nobody takes.
    let url = "http://127.0.0.1:1";
    for words in COMMANDS {
        let refused = said(&setup.run(&[words, &["--url", url]].concat(), b"value").unwrap(), 1);
        assert!(refused.contains(&format!("no answer from {url}")), "{words:?}: {refused}");
        assert!(refused.contains("`keyholt serve`") && refused.contains("KEYHOLT_URL"), "{refused}");
    }
}

#[test]
fn a_server_that_is_not_keyholt_is_told_apart() {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    let shell = Shell::of(setup.variable("KEYHOLT_METRICS_LISTEN", "127.0.0.1:0"));
    let url = format!("http://{}", shell.server.metrics().unwrap().address());
    let refused = shell.refused(&["secret", "list", "--url", &url], 1);
    assert!(refused.contains("not as a Keyholt server does") && refused.contains("KEYHOLT_URL"), "{refused}");
}

#[test]
fn wrong_usage_ends_with_status_2() {
    let shell = Shell::new();
    for words in [
        &[][..],
        &["nothing"],
        &["secret"],
        &["secret", "set"],
        &["secret", "list", "--nothing"],
        &["secret", "confirm-hosts", "A"],
        &["run"],
        &["run", "--"],
        &["run", "--nothing", "--", "true"],
        &["run", "--org", "default", "--project", "--", "true"],
        &["usage", "--nothing"],
        &["secret", "list", "--url", "no-url"],
        &["key", "create", "--name", "a"],
        &["key", "create", "--name", "a", "--role", "god"],
        &["key", "create", "--name", "a", "--role", "app", "--expires-in", "soon"],
        &["key", "create", "--name", "a", "--rights", "read,god"],
        &["key", "create", "--name", "a", "--role", "app", "--rights", "use"],
        &["key", "create", "--name", "a", "--role", "app", "--from", "10.0.0.0/33"],
        &["key", "revoke", "a"],
        &["org", "create"],
        &["org", "rename", "default"],
        &["project", "rm", "default"],
        &["user"],
        &["user", "create", "ada"],
        &["user", "edit", "ada"],
        &["user", "edit", "ada", "--email", "a@b", "--no-email"],
        &["user", "rm", "ada"],
        &["service-account", "create", "--role", "app"],
        &["audit", "list", "--limit", "many"],
    ] {
        shell.refused(words, 2);
    }
}

#[test]
fn an_api_key_file_that_is_missing_or_empty_is_named() {
    let shell = Shell::new();
    let missing = shell.refused(&["secret", "list", "--api-key-file", "nowhere"], 1);
    assert!(missing.contains("the API key file nowhere"), "{missing}");
    let empty = said(&shell.run_as("", &["secret", "list"], ""), 2);
    assert!(empty.contains("api-key is empty"), "{empty}");
}

#[test]
fn help_and_version_are_answers_and_need_no_server() {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    for words in [
        &["--version"][..],
        &["--help"],
        &["help", "secret"],
        &["serve", "--help"],
        &["key", "create", "-h"],
        &["help", "user", "edit"],
        &["run", "--help"],
        &["help", "usage"],
    ] {
        let answer = setup.run(words, b"").unwrap();
        assert!(answer.success() && answer.stderr.is_empty() && !answer.stdout.is_empty(), "{answer:?}");
        assert!(!answer.stdout.contains('\u{1b}'), "{}", answer.stdout);
    }
}

#[test]
fn a_reader_that_goes_away_early_is_no_error() {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    // A pipe is opened for both ends, then only for writing: its reader has gone before anything is written.
    let script = format!(
        "mkfifo pipe && exec 3<>pipe 4>pipe 3<&- && '{}' completion zsh >&4",
        env!("CARGO_BIN_EXE_keyholt")
    );
    let piped = setup.run_tool("sh", &["-c", &script], b"").unwrap();
    assert_eq!((piped.status.code(), piped.stderr.as_str()), (Some(0), ""));
}
