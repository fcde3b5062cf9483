//! The step between this program and a command on a terminal of its own.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;

use super::ended::CommandEnded;
use super::launch::{become_command, command_of};

/// Run a command as a session of its own on the terminal that standard input is
///
/// `keyholt run` starts itself with this. Only a new process can become the leader of a session, and only such a
/// leader can be given a terminal: without that, Ctrl-C would not reach the command.
#[derive(Debug, Args)]
pub(crate) struct InTerminal {
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    words: Vec<OsString>,
}

impl InTerminal {
    /// Becomes the command.
    ///
    /// # Errors
    /// Always: only what cannot be done comes back.
    pub(crate) fn run(&self) -> Result<()> {
        let refused = "no session can be begun on the terminal";
        rustix::process::setsid().context(refused)?;
        rustix::process::ioctl_tiocsctty(io::stdin()).context(refused)?;
        let problem = become_command(&mut command_of(&self.words));
        let program = self.words.first().map_or(Path::new(""), Path::new);
        Err(CommandEnded::without_a_start(program, &problem).into())
    }
}
