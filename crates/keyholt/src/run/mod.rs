//! `keyholt run`: a command with secrets in its environment, whose output is free of them.
//!
//! [`command`] asks the server, [`variables`] makes the environment of what it answers. [`launch`] starts the
//! command: in place of this process when nothing is masked, else as a child that [`masked`] looks after. There
//! [`streams`] says what the child's output is connected to, [`pump`] passes it on through the gateway's scrubber, and
//! [`signals`] reach the child. On a terminal the child gets one of its own ([`terminal`]), which [`in_terminal`] makes
//! its controlling one, and stays beside it as a shell would.
//!
//! **Invariant:** a value is in the memory of this process and in the child's environment: in no argument, in no file,
//! in no message.

mod command;
mod ended;
mod in_terminal;
mod launch;
mod masked;
mod pump;
mod signals;
mod streams;
mod terminal;
mod variable_name;
mod variables;

pub(crate) use command::Run;
pub(crate) use ended::CommandEnded;
pub(crate) use in_terminal::InTerminal;
