//! `keyholt secret`: put provider keys in, see what is there, take them out.

mod find;
mod get;
mod list;
mod rm;
mod set;
mod shown;

use anyhow::Result;
use clap::Subcommand;

/// What to do with secrets.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    Set(set::Set),
    List(list::List),
    Get(get::Get),
    Rm(rm::Rm),
}

impl SecretCommand {
    /// Does it.
    pub(crate) async fn run(self) -> Result<()> {
        match self {
            Self::Set(command) => command.run().await,
            Self::List(command) => command.run().await,
            Self::Get(command) => command.run().await,
            Self::Rm(command) => command.run().await,
        }
    }
}
