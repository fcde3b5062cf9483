//! `keyholt completion`.

use keyholt_testkit::{Setup, in_continuous_integration, program_exists};

/// The script for a shell.
fn script(setup: &Setup, shell: &str) -> String {
    let printed = setup.run(&["completion", shell], b"").unwrap();
    assert!(printed.success() && printed.stderr.is_empty(), "{printed:?}");
    for command in
        ["secret", "audit", "doctor", "data-dir", "whoami", "service-account", "suspend", "rename", "run"]
    {
        assert!(printed.stdout.contains(command), "{shell}: {command}");
    }
    printed.stdout
}

#[test]
fn every_shell_that_is_here_can_parse_its_script() {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = script(&setup, shell);
        if !program_exists(shell) {
            assert!(shell != "bash" || !in_continuous_integration(), "bash is needed here");
            println!("not parsed: there is no {shell}");
            continue;
        }
        let parsed = setup.run_tool(shell, &["-n", "/dev/stdin"], script.as_bytes()).unwrap();
        assert!(parsed.success() && parsed.stderr.is_empty(), "{parsed:?}");
    }
}

#[test]
fn bash_completes_commands() {
    if !program_exists("bash") {
        assert!(!in_continuous_integration(), "bash is needed here");
        println!("skipped: there is no bash");
        return;
    }
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    let typed =
        "\nCOMP_WORDS=(keyholt secret l) COMP_CWORD=2\n_keyholt keyholt l secret\necho \"${COMPREPLY[@]}\"\n";
    let completed =
        setup.run_tool("bash", &[], format!("{}{typed}", script(&setup, "bash")).as_bytes()).unwrap();
    assert_eq!(completed.stdout, "list\n", "{}", completed.stderr);
}

#[test]
fn an_unknown_shell_is_refused_with_those_that_are_known() {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    let refused = setup.run(&["completion", "cmd"], b"").unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    for shell in ["bash", "zsh", "fish"] {
        assert!(refused.stderr.contains(shell), "{}", refused.stderr);
    }
}
