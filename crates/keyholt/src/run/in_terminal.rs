//! The steps between this program and a command on a terminal of its own.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Child;

use anyhow::{Context, Result};
use clap::Args;
use rustix::process::{Pid, Signal, getpid, kill_process, kill_process_group};
use rustix::termios::tcsetpgrp;

use super::ended::CommandEnded;
use super::launch::{become_command, command_of, this_program};
use super::signals::{Event, Signals, has_stopped};

/// Run a command in a session of its own on the terminal that standard input is
///
/// `keyholt run` starts itself with this. Only a new process can become the leader of a session, and only such a leader
/// can be given a terminal: without that, Ctrl-C would not reach the command. It stays beside the command, as a shell
/// does: without a parent in its session Ctrl-Z would not stop the command (POSIX 11.1.4, orphaned process groups).
#[derive(Debug, Args)]
pub(crate) struct InTerminal {
    /// Wait for the terminal and become the command
    #[arg(long)]
    held: bool,

    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    words: Vec<OsString>,
}

impl InTerminal {
    /// Sees the command to its end, or becomes it.
    ///
    /// # Errors
    /// When that cannot be done; and always when the command has ended, as [`CommandEnded`].
    pub(crate) async fn run(self) -> Result<()> {
        if self.held {
            // Until the leader has given it the terminal, which it could not do without.
            stop();
            let problem = become_command(&mut command_of(&self.words));
            let program = self.words.first().map_or(Path::new(""), Path::new);
            return Err(CommandEnded::without_a_start(program, &problem).into());
        }
        Err(lead(self.words).await?.into())
    }
}

/// Begins a session, and starts the command as its job in the foreground.
async fn lead(words: Vec<OsString>) -> Result<CommandEnded> {
    let refused = "no session can be begun on the terminal";
    // None of them ends this program, which the command would be told of by the loss of its terminal.
    let mut signals = Signals::listen()?;
    rustix::process::setsid().context(refused)?;
    rustix::process::ioctl_tiocsctty(io::stdin()).context(refused)?;
    let mut first = vec!["in-terminal".into(), "--held".into(), "--".into()];
    first.extend(words);
    let mut command = this_program(first);
    let mut child = command.process_group(0).spawn().context("the command cannot be started")?;
    look_after(&mut child, &mut signals).await
}

/// Waits for the command's end. When it is stopped this program stops too, so that who started it knows, and goes on with
/// it. Signals that are meant for the command reach it.
async fn look_after(child: &mut Child, signals: &mut Signals) -> Result<CommandEnded> {
    let pid = Pid::from_child(child);
    let mut is_held = true;
    loop {
        if let Some(status) = child.try_wait().context("the command cannot be waited for")? {
            return Ok(CommandEnded::with(status));
        }
        if has_stopped(pid) {
            if is_held {
                tcsetpgrp(io::stdin(), pid).context("the terminal cannot be given to the command")?;
                is_held = false;
            } else {
                stop();
            }
            // One that ended just now needs no signal any more.
            let _ = kill_process_group(pid, Signal::CONT);
            continue;
        }
        match signals.next().await {
            Event::Meant(signal) => {
                let _ = kill_process(pid, signal);
            }
            Event::Child | Event::Size | Event::Resumed => {}
        }
    }
}

/// Stops this process, until somebody lets it go on. What is typed could be ignored, this cannot.
fn stop() {
    // To oneself it is always allowed.
    let _ = kill_process(getpid(), Signal::STOP);
}
