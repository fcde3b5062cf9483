//! `keyholt project`: projects, each with secrets of its own inside an organisation.

mod create;
mod find;
mod list;
mod rename;
mod rm;

use anyhow::Result;
use clap::Subcommand;

/// What to do with projects.
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    Create(create::Create),
    List(list::List),
    Rename(rename::Rename),
    Rm(rm::Rm),
}

impl ProjectCommand {
    /// Does it.
    pub(crate) async fn run(self) -> Result<()> {
        match self {
            Self::Create(command) => command.run().await,
            Self::List(command) => command.run().await,
            Self::Rename(command) => command.run().await,
            Self::Rm(command) => command.run().await,
        }
    }
}
