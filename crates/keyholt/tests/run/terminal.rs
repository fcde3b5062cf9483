//! A command on a terminal.

use keyholt_testkit::{in_continuous_integration, program_exists};

use crate::fixture::Runner;
use crate::users_terminal::Terminal;

/// Which of the three standard streams are terminals.
const STREAMS: &str = "for n in 0 1 2; do [ -t $n ] && printf \"%s \" $n; done";

/// What is seen of a line of the shell that asks for nothing.
#[track_caller]
fn seen(runner: &Runner, line: &str) -> String {
    let (seen, status) = Terminal::begin(runner, line).end();
    assert_eq!(status, Some(0), "{seen}");
    seen
}

#[test]
fn a_terminal_stays_one_and_shows_no_value() {
    let runner = Runner::new();
    let line = format!("keyholt run -- sh -c '{STREAMS}; stty size; echo $TOKEN; echo $TOKEN >&2'");
    assert_eq!(seen(&runner, &line), "0 1 2 33 77\r\n[redacted]\r\n[redacted]\r\n");
}

#[test]
fn a_value_of_several_lines_is_not_seen_on_a_terminal() {
    let runner = Runner::new();
    runner.secret("PEM", "-----BEGIN-----\nabc\ndef\n-----END-----");
    assert_eq!(seen(&runner, "keyholt run -- sh -c 'echo \"<$PEM>\"'"), "<[redacted]>\r\n");
}

#[test]
fn only_the_streams_that_are_terminals_are_terminals_for_the_command() {
    let runner = Runner::new();
    for (surroundings, expected) in [
        ("keyholt run -- sh -c 'COMMAND' < /dev/null", "1 2 [redacted]\r\n"),
        ("echo | keyholt run -- sh -c 'COMMAND'", "1 2 [redacted]\r\n"),
        ("keyholt run -- sh -c 'COMMAND' 2> /dev/null", "0 1 [redacted]\r\n"),
        ("keyholt run -- sh -c 'COMMAND' | cat", "0 2 [redacted]\r\n"),
        ("keyholt run -- sh -c 'COMMAND' > file < /dev/null 2>&1; cat file", "[redacted]\r\n"),
    ] {
        let line = surroundings.replace("COMMAND", &format!("{STREAMS}; echo $TOKEN"));
        assert_eq!(seen(&runner, &line), expected, "{surroundings}");
    }
    let size = seen(&runner, "keyholt run -- sh -c 'stty size <&1' < /dev/null");
    assert_eq!(size, "33 77\r\n");
}

#[test]
fn letters_are_seen_as_they_are_typed_whatever_values_begin_with_them() {
    let runner = Runner::new();
    let mut terminal = Terminal::begin(&runner, "keyholt run -- sh -c 'echo ready; cat'");
    terminal.wait_for("ready\r\n");
    for (keys, seen) in [("s", "ready\r\ns"), ("k-", "ready\r\nsk-"), ("x\n", "ready\r\nsk-x\r\nsk-x\r\n")] {
        terminal.type_keys(keys);
        terminal.wait_for(seen);
    }
    terminal.type_keys("\u{4}");
    assert_eq!(terminal.end(), ("ready\r\nsk-x\r\nsk-x\r\n".to_owned(), Some(0)));
}

#[test]
fn a_value_that_is_typed_is_seen_at_most_by_its_first_letters() {
    let runner = Runner::new();
    let mut terminal = Terminal::begin(&runner, "keyholt run -- sh -c 'echo ready; read typed; echo end'");
    terminal.wait_for("ready\r\n");
    terminal.type_keys("sk-");
    terminal.wait_for("ready\r\nsk-");
    terminal.type_keys("proj-Wq3vT8mZkL2nR5xB7cY9\n");
    assert_eq!(terminal.end().0, "ready\r\nsk-[redacted]\r\nend\r\n");
}

#[test]
fn ctrl_c_reaches_the_command_once() {
    let runner = Runner::new();
    let command = "trap \"echo caught\" INT; echo ready; until [ \"$x\" = it ]; do read x; done; echo end $x";
    for line in [
        format!("keyholt run -- sh -c '{command}'"),
        // Where it shares the user's terminal.
        format!("trap : INT; keyholt run -- sh -c '{command}' | sh -c 'trap \"\" INT; exec cat'"),
    ] {
        let mut terminal = Terminal::begin(&runner, &line);
        terminal.wait_for("ready\r\n");
        terminal.type_keys("\u{3}");
        terminal.wait_for("caught\r\n");
        terminal.type_keys("it\n");
        terminal.wait_for("end it\r\n");
        let (seen, _) = terminal.end();
        assert_eq!(seen.matches("caught").count(), 1, "{seen}");
    }
    let mut terminal = Terminal::begin(&runner, "keyholt run -- sh -c 'echo ready; read x'");
    terminal.wait_for("ready\r\n");
    terminal.type_keys("\u{3}");
    assert_eq!(terminal.end().1, Some(130));
}

#[test]
fn ctrl_z_stops_the_command_and_fg_goes_on_with_it() {
    let runner = Runner::new();
    for line in ["keyholt run -- sh -c 'COMMAND'", "keyholt run -- sh -c 'COMMAND' 2> /dev/null"] {
        let job = line.replace("COMMAND", "echo ready; read x; echo got $x $TOKEN");
        let line = format!(
            "set -m; before=$(stty -g); {job}; echo stopped $?; [ \"$before\" = \"$(stty -g)\" ] && echo the same; \
             read next; fg > /dev/null; echo ended $?"
        );
        let mut terminal = Terminal::begin(&runner, &line);
        terminal.wait_for("ready\r\n");
        terminal.type_keys("\u{1a}");
        // 128 and the number of SIGTSTP.
        terminal.wait_for("stopped 148\r\nthe same\r\n");
        terminal.resize(44, 99);
        terminal.type_keys("go on\nit\n");
        terminal.wait_for("got it [redacted]\r\n");
        let (seen, status) = terminal.end();
        assert!(seen.ends_with("ended 0\r\n") && status == Some(0), "{seen}");
    }
}

#[test]
fn a_stopped_command_can_be_ended_by_a_signal_to_its_job() {
    let runner = Runner::new();
    let line = "set -m; keyholt run -- sh -c 'echo ready; read x'; echo stopped $?; kill %1; fg; echo ended $?";
    let mut terminal = Terminal::begin(&runner, line);
    terminal.wait_for("ready\r\n");
    terminal.type_keys("\u{1a}");
    terminal.wait_for("stopped 148\r\n");
    terminal.wait_for("ended 143\r\n");
    assert_eq!(terminal.end().1, Some(0));
}

#[test]
fn a_shell_that_is_run_has_jobs_of_its_own() {
    let runner = Runner::new();
    let inner = "set -m; sh -c \"echo ready; read x\"; echo inner $?; fg > /dev/null; echo $TOKEN";
    let mut terminal = Terminal::begin(&runner, &format!("keyholt run -- sh -c '{inner}'"));
    terminal.wait_for("ready\r\n");
    terminal.type_keys("\u{1a}");
    terminal.wait_for("inner 148\r\n");
    terminal.type_keys("\n");
    terminal.wait_for("[redacted]\r\n");
    assert_eq!(terminal.end().1, Some(0));
}

#[test]
fn where_nobody_could_go_on_with_it_ctrl_z_holds_nobody_up() {
    let runner = Runner::new();
    if !program_exists("script") {
        assert!(!in_continuous_integration(), "script is needed here");
        println!("skipped: there is no script");
        return;
    }
    // It makes a session whose leader nobody looks after.
    let line = "script -qec \"keyholt run -- sh -c 'echo ready; read x; echo got \\$x'\" /dev/null";
    let mut terminal = Terminal::begin(&runner, line);
    terminal.wait_for("ready\r\n");
    terminal.type_keys("\u{1a}it\n");
    terminal.wait_for("got it\r\n");
    assert_eq!(terminal.end().1, Some(0));
}

#[test]
fn a_signal_to_this_program_reaches_a_command_on_a_terminal_once() {
    let runner = Runner::new();
    for signal in ["INT", "TERM", "QUIT", "HUP", "USR1"] {
        let command = format!(
            "trap \"echo caught\" {signal}; read stat < /proc/$PPID/stat; set -- $stat; kill -{signal} $4; \
             until [ \"$x\" = it ]; do read x; done; echo end $x"
        );
        let mut terminal = Terminal::begin(&runner, &format!("keyholt run -- sh -c '{command}'"));
        terminal.wait_for("caught\r\n");
        terminal.type_keys("it\n");
        terminal.wait_for("end it\r\n");
        let (seen, status) = terminal.end();
        assert_eq!((seen.matches("caught").count(), status), (1, Some(0)), "{signal}: {seen}");
    }
}

#[test]
fn a_terminal_that_grows_grows_for_the_command() {
    let runner = Runner::new();
    for line in ["keyholt run -- sh -c 'COMMAND'", "keyholt run -- sh -c 'COMMAND' 2> /dev/null"] {
        let command = "trap \"stty size <&1\" WINCH; echo ready; while :; do read x && exit; done";
        let mut terminal = Terminal::begin(&runner, &line.replace("COMMAND", command));
        terminal.wait_for("ready\r\n");
        terminal.resize(44, 99);
        terminal.wait_for("44 99\r\n");
        terminal.type_keys("\n");
        assert_eq!(terminal.end().1, Some(0));
    }
}

#[test]
fn the_terminal_is_afterwards_as_it_was_before() {
    let runner = Runner::new();
    for command in ["stty raw -echo", "true", "no-such-program", "kill -KILL $$"] {
        let line = format!(
            "before=$(stty -g); keyholt run -- sh -c '{command}' > /dev/tty 2>&1; \
             [ \"$before\" = \"$(stty -g)\" ] && echo the same"
        );
        let seen = seen(&runner, &line);
        assert!(seen.ends_with("the same\r\n"), "{command}: {seen}");
    }
}

#[test]
fn what_a_command_leaves_behind_does_not_hold_the_terminal() {
    let runner = Runner::new();
    for input in ["/dev/tty", "/dev/null"] {
        // It goes on as long as there is the terminal.
        let command = "(trap \"\" HUP; while [ -t 1 ]; do :; done) & echo bye";
        let line = format!("keyholt run -- sh -c '{command}' < {input}; echo after");
        assert_eq!(seen(&runner, &line), "bye\r\nafter\r\n");
    }
}

#[test]
fn in_the_background_a_command_leaves_the_terminal_alone() {
    let runner = Runner::new();
    let line = "set -m; keyholt run -- sh -c 'echo $TOKEN' & wait; echo after";
    assert_eq!(seen(&runner, line), "[redacted]\r\nafter\r\n");
}

#[test]
fn a_command_that_is_missing_is_told_of_on_the_terminal() {
    let runner = Runner::new();
    let (seen, status) = Terminal::begin(&runner, "keyholt run -- no-such-program").end();
    assert_eq!(status, Some(127));
    assert!(seen.contains("no-such-program cannot be started: No such file"), "{seen}");
}

#[test]
fn a_value_is_shown_on_a_terminal_only_after_a_yes() {
    let runner = Runner::new();
    for (answer, expected, status) in
        [("y\n", "sk-proj-Wq3vT8mZkL2nR5xB7cY9\r\n", 0), ("\n", "the value was not shown\r\n", 1)]
    {
        let mut terminal = Terminal::begin(&runner, "keyholt secret get TOKEN --reveal");
        terminal.wait_for("Show the value of TOKEN? [y/N] ");
        terminal.type_keys(answer);
        let (seen, ended) = terminal.end();
        assert!(seen.ends_with(expected) && ended == Some(status), "{seen}");
    }
    runner.secret("STEERING", "a\u{1b}[2J\nb");
    assert_eq!(seen(&runner, "keyholt secret get STEERING --reveal --yes"), "a\\u{1b}[2J\r\nb\r\n");
}
