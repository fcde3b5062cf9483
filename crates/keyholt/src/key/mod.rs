//! `keyholt key`: the API keys that people and programs present to Keyholt.

mod create;
mod find;
mod list;
mod narrowed;
mod revoke;
mod show;
mod state;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use find::the_one as find_key;
pub(crate) use narrowed::in_words as narrowing_in_words;

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    Create(create::Create),
    List(list::List),
    Show(show::Show),
    Revoke(revoke::Revoke),
}

impl KeyCommand {
    /// Does it.
    pub(crate) async fn run(self) -> Result<()> {
        match self {
            Self::Create(command) => command.run().await,
            Self::List(command) => command.run().await,
            Self::Show(command) => command.run().await,
            Self::Revoke(command) => command.run().await,
        }
    }
}
