//! Starting a command. Nothing else of the program starts one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use keyholt_types::SecretValue;

use super::ended::CommandEnded;

/// What gives its holder the caller's rights, and is not for the command: it has the values that it was given.
const OWN_KEY: &[&str] = &["KEYHOLT_API_KEY", "KEYHOLT_API_KEY_FILE"];

/// What only a server should have.
const SERVERS: &[&str] = &["KEYHOLT_ROOT_KEY", "KEYHOLT_BOOTSTRAP_API_KEY", "KEYHOLT_DATABASE_URL"];

/// A command to be started, with its variables.
#[derive(Debug)]
pub(super) struct Launch {
    /// The program and its arguments; never empty.
    pub(super) words: Vec<OsString>,
    /// What is set in its environment; everything else stays as it is here.
    pub(super) variables: BTreeMap<String, SecretValue>,
    /// Whether it gets the API key that the values were asked for with.
    pub(super) keeps_key: bool,
}

impl Launch {
    /// The program.
    pub(super) fn program(&self) -> &Path {
        self.words.first().map_or(Path::new(""), Path::new)
    }

    /// The command, ready to be started. What it holds of the values is wiped when it is dropped, as all memory of
    /// this program is.
    pub(super) fn command(&self) -> Command {
        let mut command = command_of(&self.words);
        self.set_variables(&mut command);
        command
    }

    /// The same in a session of its own on the terminal that its standard input is: this program once more, which
    /// brings that about and looks after the command.
    pub(super) fn command_in_terminal(&self) -> Command {
        let mut words = vec!["in-terminal".into(), "--".into()];
        words.extend(self.words.iter().cloned());
        let mut command = this_program(words);
        self.set_variables(&mut command);
        command
    }

    fn set_variables(&self, command: &mut Command) {
        for name in SERVERS.iter().chain(OWN_KEY.iter().filter(|_| !self.keeps_key)) {
            command.env_remove(name);
        }
        for (name, value) in &self.variables {
            #[expect(
                clippy::disallowed_methods,
                reason = "EXPOSE: the command is given the value in its environment, which is what was asked for"
            )]
            command.env(name, value.expose());
        }
    }

    /// Becomes the command: this process, its terminal, its signals and its status are the command's from now on.
    /// Returns only when it cannot be started.
    pub(super) fn become_it(&self) -> CommandEnded {
        CommandEnded::without_a_start(self.program(), &become_command(&mut self.command()))
    }
}

/// The command of these words.
#[expect(clippy::disallowed_methods, reason = "to start a command is what `keyholt run` is for")]
pub(super) fn command_of(words: &[OsString]) -> Command {
    let mut words = words.iter();
    let mut command = Command::new(words.next().cloned().unwrap_or_default());
    command.args(words);
    command
}

/// This program with these arguments.
pub(super) fn this_program(arguments: Vec<OsString>) -> Command {
    let words: Vec<OsString> = [OsString::from("/proc/self/exe")].into_iter().chain(arguments).collect();
    let mut command = command_of(&words);
    command.arg0("keyholt");
    command
}

/// Puts a command in the place of this process; returns only when it cannot be.
pub(super) fn become_command(command: &mut Command) -> io::Error {
    allow_huge_pages();
    command.exec()
}

/// This process does without huge pages, and what it starts would inherit that. A command that computes needs them.
pub(super) fn allow_huge_pages() {
    // Where the kernel does not allow it, the command is slower.
    let _ = rustix::thread::disable_transparent_huge_pages(false);
}
