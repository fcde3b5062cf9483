//! `keyholt org`: organisations.

mod create;
mod list;
mod rename;

use anyhow::Result;
use clap::Subcommand;

/// What to do with organisations.
#[derive(Debug, Subcommand)]
pub(crate) enum OrgCommand {
    Create(create::Create),
    List(list::List),
    Rename(rename::Rename),
}

impl OrgCommand {
    /// Does it.
    pub(crate) async fn run(self) -> Result<()> {
        match self {
            Self::Create(command) => command.run().await,
            Self::List(command) => command.run().await,
            Self::Rename(command) => command.run().await,
        }
    }
}
