//! `keyholt user`: people.

use anyhow::Result;
use clap::Subcommand;
use keyholt_engine::PrincipalKind;

use super::{create, edit, list, rm, show, suspend};

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make a user, a member of one organisation or several
    ///
    /// It has no API key yet: `keyholt key create --for NAME` makes one, which may do what the member may or less.
    #[command(after_help = "\
Examples:
  keyholt user create ada --email ada@example.com --role engineer
  keyholt user create ada --rights read,use --org research --org search
  keyholt key create --for ada --role viewer --name ada-laptop")]
    Create(create::Create),
    /// List users, newest first, and what they may do at most
    #[command(after_help = "\
Examples:
  keyholt user list
  keyholt user list --org research --json | jq -r '.objects[].name'")]
    List(list::List),
    /// Show all that is known of a user
    #[command(after_help = "\
Examples:
  keyholt user show ada
  keyholt key list --for ada")]
    Show(show::Show),
    /// Change a user's name, address or rights; its API keys may do no more from then on
    #[command(after_help = "\
Examples:
  keyholt user edit ada --role viewer
  keyholt user edit ada --role app --org search      joins search
  keyholt user edit ada --name ada2 --no-email")]
    Edit(edit::Edit),
    /// Suspend a user in an organisation: its API keys may do nothing there until it is resumed
    #[command(after_help = "\
Examples:
  keyholt user suspend ada
  keyholt user suspend ada --org research")]
    Suspend(suspend::Suspend),
    /// Take a suspended user back in, with the rights that it had
    #[command(after_help = "\
Examples:
  keyholt user resume ada")]
    Resume(suspend::Suspend),
    /// Remove a user from an organisation; what it made stays
    #[command(after_help = "\
Examples:
  keyholt user rm ada
  keyholt user rm ada --org research --yes

Who comes from an issuer's tokens would come back with the next one: suspend them instead.")]
    Rm(rm::Rm),
}

impl UserCommand {
    /// Does it.
    pub(crate) async fn run(self) -> Result<()> {
        let kind = PrincipalKind::User;
        match self {
            Self::Create(command) => command.run(kind).await,
            Self::List(command) => command.run(kind).await,
            Self::Show(command) => command.run(kind).await,
            Self::Edit(command) => command.run(kind).await,
            Self::Suspend(command) => command.run(kind, true).await,
            Self::Resume(command) => command.run(kind, false).await,
            Self::Rm(command) => command.run(kind).await,
        }
    }
}
