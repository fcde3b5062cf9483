//! `keyholt audit`: who did what, and the proof that the record of it is whole.

mod list;
mod verify;
mod words;

use anyhow::Result;
use clap::Subcommand;

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    List(list::List),
    Verify(verify::Verify),
}

impl AuditCommand {
    /// Does it.
    pub(crate) async fn run(self) -> Result<()> {
        match self {
            Self::List(command) => command.run().await,
            Self::Verify(command) => command.run().await,
        }
    }
}
