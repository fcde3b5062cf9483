//! What a command is given, and what of a value is seen in its output in parts.

use crate::fixture::Runner;

/// The lines of a key, as a file has them.
const LINES: [&str; 2] = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw", "ggSjAgEAAoIBAQC7VJTUt9Us8cKjMzEfYy"];

#[test]
fn the_lines_of_a_value_are_not_seen_one_by_one_either() {
    let runner = Runner::new();
    let frame = ["-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"];
    runner.secret("PEM", &format!("{}\n{}\n{}\n{}\n", frame[0], LINES[0], LINES[1], frame[1]));
    let indented = runner.prints(&[], r#"printf %s "$PEM" | sed 's/^/  /'"#);
    assert_eq!(indented, format!("  {}\n  [redacted]\n  [redacted]\n  {}\n", frame[0], frame[1]));
    assert_eq!(runner.prints(&[], r#"echo "<$PEM>""#), "<[redacted]\n>\n");
}

#[test]
fn a_command_is_not_given_the_servers_database() {
    let runner = Runner::new();
    let line =
        "KEYHOLT_DATABASE_URL=postgres://a:b@db/x keyholt run -- sh -c 'echo ${KEYHOLT_DATABASE_URL-none}'";
    assert_eq!(runner.users_shell(line).stdout, "none\n");
}
