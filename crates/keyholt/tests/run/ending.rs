//! How a command ends, and that nothing else decides it.

use crate::fixture::Runner;

#[test]
fn the_status_is_the_commands() {
    let runner = Runner::new();
    for options in [&[][..], &["--no-mask"]] {
        for status in [0, 1, 7, 255] {
            let finished = runner.shell(options, &format!("exit {status}"));
            assert_eq!(finished.status.code(), Some(status), "{options:?}");
        }
    }
}

#[test]
fn a_signal_that_ends_the_command_is_told_from_128_on() {
    let runner = Runner::new();
    for (signal, status) in [("TERM", 143), ("KILL", 137), ("INT", 130)] {
        let finished = runner.shell(&[], &format!("kill -{signal} $$"));
        assert_eq!(finished.status.code(), Some(status));
    }
}

#[test]
fn a_signal_that_reaches_this_program_reaches_the_command() {
    let runner = Runner::new();
    for signal in ["TERM", "HUP", "USR1", "USR2"] {
        let line = format!("trap 'echo got it; exit 3' {signal}; kill -{signal} $PPID; while :; do :; done");
        let finished = runner.shell(&[], &line);
        assert_eq!((finished.status.code(), &*finished.stdout), (Some(3), "got it\n"), "{signal}");
    }
}

#[test]
fn what_cannot_be_started_is_127_or_126_and_is_told() {
    let runner = Runner::new();
    let folder = runner.setup.folder();
    std::fs::write(folder.join("no-program"), "").unwrap();
    for options in [&[][..], &["--no-mask"]] {
        for (program, status, reason) in
            [("keyholt-no-such-program", 127, "No such file"), ("./no-program", 126, "Permission denied")]
        {
            let finished = runner.run(options, &[program], b"");
            assert_eq!((finished.status.code(), &*finished.stdout), (Some(status), ""), "{finished:?}");
            let told = format!("keyholt: {program} cannot be started: {reason}");
            assert!(finished.stderr.contains(&told), "{finished:?}");
        }
    }
}

#[test]
fn variables_that_are_too_much_for_the_system_are_told_of() {
    let runner = Runner::new();
    let value = "x".repeat(64 * 1024);
    let secrets: Vec<_> = (0..150)
        .map(|n| serde_json::json!({ "id": format!("01900000-0000-7000-8000-{n:012x}"), "name": format!("N{n}"), "value": value }))
        .collect();
    for some in secrets.chunks(10) {
        runner.post("/keyholt/v1/secrets/import", &serde_json::json!({ "secrets": some }));
    }
    let finished = runner.shell(&["--no-mask"], "true");
    assert_eq!(finished.status.code(), Some(126), "{finished:?}");
    assert!(finished.stderr.contains("say with --only which are needed"), "{finished:?}");
}

#[test]
fn a_command_whose_reader_went_away_is_told_so() {
    let runner = Runner::new();
    let finished = runner.users_shell("{ keyholt run -- yes; echo $? >&2; } | head -n 1");
    assert_eq!((&*finished.stdout, &*finished.stderr), ("y\n", "141\n"));
}

#[test]
fn what_a_command_leaves_behind_is_heard_to_its_end() {
    let runner = Runner::new();
    let line =
        "(while kill -0 $PPID 2>/dev/null && ! [ -e gone ]; do :; done; echo behind) & echo before; touch gone";
    assert_eq!(runner.prints(&[], line), "before\nbehind\n");
}
