//! What is seen of a command.

use std::fs;

use crate::fixture::{Runner, VALUE};

#[test]
fn a_value_is_seen_neither_on_standard_output_nor_on_standard_error() {
    let runner = Runner::new();
    let finished = runner.shell(&[], r#"echo "out: $TOKEN."; echo "err: $TOKEN." >&2"#);
    assert_eq!((&*finished.stdout, &*finished.stderr), ("out: [redacted].\n", "err: [redacted].\n"));
    let printed = runner.prints(&[], "env | grep ^TOKEN=; printf %s $TOKEN | base64");
    assert_eq!(printed, "TOKEN=[redacted]\n[redacted]\n");
}

#[test]
fn a_value_in_many_pieces_is_not_seen_either() {
    let runner = Runner::new();
    let line = r#"printf 'a '; t=$TOKEN; while [ -n "$t" ]; do printf %c "$t"; t="${t#?}"; done; printf ' z'"#;
    assert_eq!(runner.prints(&[], line), "a [redacted] z");
}

#[test]
fn what_only_begins_like_a_value_comes_through_at_the_end() {
    let runner = Runner::new();
    assert_eq!(runner.prints(&[], "printf sk-proj-; printf ' sk-proj-Wq'"), "sk-proj- sk-proj-Wq");
}

#[test]
fn a_value_of_several_lines_is_not_seen() {
    let runner = Runner::new();
    runner.secret("PEM", "-----BEGIN-----\nabc\ndef\n-----END-----");
    assert_eq!(runner.prints(&[], r#"echo "<$PEM>""#), "<[redacted]>\n");
}

#[test]
fn who_asks_for_it_sees_everything() {
    let runner = Runner::new();
    assert_eq!(runner.prints(&["--no-mask"], "echo $TOKEN"), format!("{VALUE}\n"));
}

#[test]
fn much_output_comes_through_whole_and_what_is_read_too() {
    let runner = Runner::new();
    let much: Vec<u8> =
        (0..3_000_000_u32).map(|at| b"abcdefghijklmnopqrstuvwxyz\n"[at as usize % 27]).collect();
    fs::write(runner.setup.folder().join("much"), &much).unwrap();
    let finished = runner.users_shell("keyholt run -- cat < much");
    assert!(finished.success() && finished.stdout.as_bytes() == much, "{}", finished.stdout.len());
    assert_eq!(runner.run(&[], &["wc", "-c"], &much).stdout.trim(), "3000000");
}

#[test]
fn both_outputs_in_one_file_stay_in_order() {
    let runner = Runner::new();
    let line = "for n in 1 2 3 4 5 6 7 8 9; do echo out $n; echo err $n >&2; done";
    let both = runner.users_shell(&format!("keyholt run -- sh -c '{line}' > both 2>&1; cat both"));
    let expected: String = (1..=9).map(|n| format!("out {n}\nerr {n}\n")).collect();
    assert_eq!(both.stdout, expected);
}
