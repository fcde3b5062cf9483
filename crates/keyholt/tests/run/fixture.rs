//! A server with secrets, and somebody who runs commands with them.

use keyholt_testkit::{Finished, Server, Setup};
use serde_json::json;

/// The value of `TOKEN`.
pub(crate) const VALUE: &str = "sk-proj-Wq3vT8mZkL2nR5xB7cY9";

/// A running server with the secret `TOKEN`.
pub(crate) struct Runner {
    pub(crate) setup: Setup,
    pub(crate) server: Server,
}

impl Runner {
    pub(crate) fn new() -> Self {
        Self::of(Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap())
    }

    /// With these variables around it.
    pub(crate) fn of(setup: Setup) -> Self {
        let server = setup.start().unwrap();
        let runner = Self { setup, server };
        runner.secret("TOKEN", VALUE);
        runner
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &serde_json::Value) {
        let answer = self.server.client().json("POST", path, body).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Makes a secret of the organisation.
    #[track_caller]
    pub(crate) fn secret(&self, name: &str, value: &str) {
        self.post("/keyholt/v1/secrets", &json!({"name": name, "value": value}));
    }

    /// Makes a secret of the key's project.
    #[track_caller]
    pub(crate) fn project_secret(&self, name: &str, value: &str) {
        self.post("/v1/deployments/secrets", &json!({"name": name, "value": value}));
    }

    /// Runs a command to its end.
    #[track_caller]
    pub(crate) fn run(&self, options: &[&str], command: &[&str], input: &[u8]) -> Finished {
        let words = [&["run"], options, &["--"], command].concat();
        self.setup.run_against(Some(&self.server), &words, input).unwrap()
    }

    /// Runs a line of the shell to its end.
    #[track_caller]
    pub(crate) fn shell(&self, options: &[&str], line: &str) -> Finished {
        self.run(options, &["sh", "-c", line], b"")
    }

    /// Runs a line of the shell of the user, to which `keyholt` is the program.
    #[track_caller]
    pub(crate) fn users_shell(&self, line: &str) -> Finished {
        let (url, key) = (self.server.url(), Setup::KEY);
        let line = line.replace("keyholt", env!("CARGO_BIN_EXE_keyholt"));
        let line = format!("export KEYHOLT_URL={url} KEYHOLT_API_KEY={key}; {line}");
        self.setup.run_tool("sh", &["-c", &line], b"").unwrap()
    }

    /// What a line of the shell prints that succeeds.
    #[track_caller]
    pub(crate) fn prints(&self, options: &[&str], line: &str) -> String {
        let finished = self.shell(options, line);
        assert!(finished.success() && finished.stderr.is_empty(), "{finished:?}");
        finished.stdout
    }

    /// Why nothing is run.
    #[track_caller]
    pub(crate) fn refused(&self, options: &[&str], status: i32) -> String {
        let finished = self.shell(options, "echo it was run");
        assert_eq!((finished.status.code(), &*finished.stdout), (Some(status), ""), "{finished:?}");
        finished.stderr
    }
}
