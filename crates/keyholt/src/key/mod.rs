//! `keyholt key`: the API keys that people and programs present to Keyholt.

mod create;
mod list;
mod revoke;

use anyhow::Result;
use clap::Subcommand;

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    Create(create::Create),
    List(list::List),
    Revoke(revoke::Revoke),
}

impl KeyCommand {
    /// Does it.
    pub(crate) async fn run(self) -> Result<()> {
        match self {
            Self::Create(command) => command.run().await,
            Self::List(command) => command.run().await,
            Self::Revoke(command) => command.run().await,
        }
    }
}
