//! What a command is given.

use std::fs;

use keyholt_testkit::Setup;
use serde_json::json;

use crate::fixture::{Runner, VALUE};

#[test]
fn secrets_are_variables_and_all_else_stays_as_it_is() {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    let runner = Runner::of(setup.variable("TOKEN", "another").variable("KEPT", "as it is"));
    runner.secret("TWO", "a second value");
    let printed = runner.prints(&["--no-mask"], r#"echo "$TOKEN|$TWO|$KEPT""#);
    assert_eq!(printed, format!("{VALUE}|a second value|as it is\n"));
}

#[test]
fn values_arrive_byte_for_byte() {
    let runner = Runner::new();
    let value = "-----BEGIN-----\nü\t\"$x\" \\ `y`\u{1}\r\n-----END-----\n";
    runner.secret("PEM", value);
    assert_eq!(runner.prints(&["--no-mask", "--only", "PEM"], r#"printf %s "$PEM""#), value);
}

#[test]
fn only_those_that_are_named_are_given() {
    let runner = Runner::new();
    runner.secret("TWO", "a second value");
    runner.secret("THREE", "a third value");
    let names = "env | cut -d= -f1 | grep -E '^(TOKEN|TWO|THREE)$' | sort | tr '\\n' ' '";
    assert_eq!(runner.prints(&["--only", "TOKEN,TWO"], names), "TOKEN TWO ");
    assert_eq!(runner.prints(&["--only", "TOKEN", "--only", "THREE"], names), "THREE TOKEN ");
    assert_eq!(runner.prints(&[], names), "THREE TOKEN TWO ");
}

#[test]
fn nothing_is_run_without_what_is_asked_for_by_name() {
    let runner = Runner::new();
    runner.post("/keyholt/v1/secrets", &json!({"name": "EMPTY"}));
    let refused = runner.refused(&["--only", "TOKEN,EMPTY,NONE"], 1);
    assert!(refused.contains("there is no value for EMPTY, NONE\n"), "{refused}");
    let refused = runner.refused(&["--only", "a-b"], 2);
    assert!(refused.contains("no variable can be called a-b"), "{refused}");
}

#[test]
fn what_no_variable_can_be_called_and_what_programs_obey_is_left_out_with_a_note() {
    let runner = Runner::new();
    runner.secret("team/key", "value of team");
    runner.secret("LD_PRELOAD", "/nowhere.so");
    runner.secret("WITH_NUL", "a\0b");
    let finished = runner.shell(&[], "env | grep -c -E 'team|nowhere|WITH_NUL'; true");
    assert_eq!(finished.stdout, "0\n");
    let notes: Vec<&str> = finished.stderr.lines().collect();
    assert_eq!(notes.len(), 3, "{notes:?}");
    for (note, name) in notes.iter().zip([": team/key", ": LD_PRELOAD", ": WITH_NUL"]) {
        assert!(note.starts_with("keyholt: left out, since ") && note.ends_with(name), "{notes:?}");
    }
    runner.secret("PATH", "/elsewhere:/bin:/usr/bin");
    assert_eq!(runner.prints(&["--no-mask", "--only", "PATH"], "echo $PATH"), "/elsewhere:/bin:/usr/bin\n");
}

#[test]
fn the_projects_secrets_are_given_when_they_are_asked_for() {
    let runner = Runner::new();
    for (name, value) in
        [("SHARED", "shared-value"), ("web-KEY", "value-of-web"), ("web2-KEY", "value-of-web2")]
    {
        runner.project_secret(name, value);
    }
    let found = r#"echo "$TOKEN|$SHARED|$KEY""#;
    let project = runner.shell(&["--project", "--no-mask"], found);
    assert_eq!(project.stdout, "|shared-value|\n");
    assert!(project.stderr.contains("web-KEY") && project.stderr.contains("web2-KEY"), "{project:?}");
    assert_eq!(runner.prints(&["--deployment", "web", "--no-mask"], found), "||value-of-web\n");
    assert_eq!(
        runner.prints(&["--deployment", "web2", "--only", "KEY", "--no-mask"], found),
        "||value-of-web2\n"
    );
    let refused = runner.refused(&["--deployment", "web", "--only", "SHARED"], 1);
    assert!(refused.contains("there is no value for SHARED"), "{refused}");
}

#[test]
fn a_key_of_several_organisations_gets_the_secrets_of_all_unless_names_clash() {
    let runner = Runner::new();
    let client = || runner.server.client();
    assert_eq!(client().json("POST", "/keyholt/v1/orgs", &json!({"name": "other"})).unwrap().status, 200);
    let body = json!({"name": "both", "orgs": ["default", "other"], "role": "owner"});
    let key = client().json("POST", "/keyholt/v1/api-keys", &body).unwrap().string("/key");
    let own = runner.setup.folder().join("both");
    fs::write(&own, key).unwrap();
    let as_both = |options: &[&str], line| {
        runner.shell(&[&["--no-mask", "--api-key-file", own.to_str().unwrap()], options].concat(), line)
    };
    let body = json!({"name": "OTHER", "value": "value of other", "org": "other"});
    let made = runner.server.anonymous().bearer(&fs::read_to_string(&own).unwrap());
    let mut made = made;
    assert_eq!(made.json("POST", "/keyholt/v1/secrets", &body).unwrap().status, 200);
    assert_eq!(as_both(&[], r#"echo "$TOKEN|$OTHER""#).stdout, format!("{VALUE}|value of other\n"));
    assert_eq!(as_both(&["--org", "other"], r#"echo "$TOKEN|$OTHER""#).stdout, "|value of other\n");
    let body = json!({"name": "TOKEN", "value": "value of other", "org": "other"});
    assert_eq!(made.json("POST", "/keyholt/v1/secrets", &body).unwrap().status, 200);
    let clash = as_both(&[], "echo it was run");
    assert_eq!((clash.status.code(), &*clash.stdout), (Some(1), ""));
    assert!(clash.stderr.contains("say which with --org"), "{clash:?}");
}

#[test]
fn the_api_key_stays_here_unless_the_command_is_to_have_it() {
    let runner = Runner::new();
    let set = "export KEYHOLT_API_KEY_FILE=nowhere KEYHOLT_ROOT_KEY=x KEYHOLT_BOOTSTRAP_API_KEY=x";
    let left = |options: &str| {
        let env = "env | grep ^KEYHOLT_ | grep -v METRICS | cut -d= -f1 | sort | tr '\\n' ' '";
        runner.users_shell(&format!("{set}; keyholt run {options} -- {env}")).stdout
    };
    assert_eq!(left(""), "KEYHOLT_URL ");
    assert_eq!(left("--no-mask"), "KEYHOLT_URL ");
    assert_eq!(left("--keep-key"), "KEYHOLT_API_KEY KEYHOLT_API_KEY_FILE KEYHOLT_URL ");
    assert_eq!(runner.prints(&[], "echo $KEYHOLT_URL"), format!("{}\n", runner.server.url()));
    // A narrower key that is itself kept as a secret is the command's own.
    runner.secret("KEYHOLT_API_KEY", "khk_of-the-command");
    assert_eq!(runner.prints(&["--no-mask"], "echo $KEYHOLT_API_KEY"), "khk_of-the-command\n");
}

#[test]
fn no_value_is_an_argument_of_anything() {
    let runner = Runner::new();
    let arguments = "cat /proc/$$/cmdline /proc/$PPID/cmdline | tr '\\0' ' '";
    let printed = runner.prints(&[], arguments);
    assert!(printed.contains("run -- sh -c") && !printed.contains("redacted"), "{printed}");
}

#[test]
fn who_may_not_reveal_runs_nothing() {
    let runner = Runner::new();
    let body = json!({"name": "app", "role": "app"});
    let key = runner.server.client().json("POST", "/keyholt/v1/api-keys", &body).unwrap().string("/key");
    fs::write(runner.setup.folder().join("app"), key).unwrap();
    let refused = runner.refused(&["--api-key-file", "app"], 1);
    assert!(refused.contains("This API key may not reveal values"), "{refused}");
}

#[test]
fn without_any_secret_the_command_is_run_with_a_note() {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    let server = setup.start().unwrap();
    let finished = setup.run_against(Some(&server), &["run", "echo", "it", "--", "was", "-x"], b"").unwrap();
    assert_eq!((finished.status.code(), &*finished.stdout), (Some(0), "it -- was -x\n"));
    assert!(finished.stderr.contains("there is no secret whose value this API key may reveal"), "{finished:?}");
}

#[test]
fn a_command_may_have_huge_pages_and_leaves_no_core() {
    let runner = Runner::new();
    for options in [&[][..], &["--no-mask"]] {
        let status = runner.prints(options, "grep THP_enabled /proc/self/status; ulimit -c");
        assert!(status == "THP_enabled:\t1\n0\n" || status == "0\n", "{status}");
    }
}
