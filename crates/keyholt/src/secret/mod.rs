//! `keyholt secret`: put provider keys in, see what is there, test them, take them out.

mod confirm_hosts;
mod find;
mod get;
mod list;
mod reveal;
mod rm;
mod set;
mod shown;
mod test;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use find::the_one as find_secret;

/// What to do with secrets.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    Set(set::Set),
    List(list::List),
    Get(get::Get),
    Test(test::Test),
    ConfirmHosts(confirm_hosts::ConfirmHosts),
    Rm(rm::Rm),
}

impl SecretCommand {
    /// Does it.
    pub(crate) async fn run(self) -> Result<()> {
        match self {
            Self::Set(command) => command.run().await,
            Self::List(command) => command.run().await,
            Self::Get(command) => command.run().await,
            Self::Test(command) => command.run().await,
            Self::ConfirmHosts(command) => command.run().await,
            Self::Rm(command) => command.run().await,
        }
    }
}
