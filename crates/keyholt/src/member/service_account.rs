//! `keyholt service-account`: programs.

use anyhow::Result;
use clap::Subcommand;
use keyholt_engine::PrincipalKind;

use super::{create, edit, list, rm, show, suspend};

/// What to do with service accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceAccountCommand {
    /// Make a service account, a member of one organisation or several
    ///
    /// It has no API key yet: `keyholt key create --for NAME` makes one, which may do what the member may or less.
    #[command(after_help = "\
Examples:
  keyholt service-account create crawler --role engineer
  keyholt service-account create crawler --rights read,use --org research --org search
  keyholt key create --for crawler --role viewer --name crawler-eu")]
    Create(create::Create),
    /// List service accounts, newest first, and what they may do at most
    #[command(after_help = "\
Examples:
  keyholt service-account list
  keyholt service-account list --org research --json | jq -r '.objects[].name'")]
    List(list::List),
    /// Show all that is known of a service account
    #[command(after_help = "\
Examples:
  keyholt service-account show crawler
  keyholt key list --for crawler")]
    Show(show::Show),
    /// Change a service account's name, address or rights; its API keys may do no more from then on
    #[command(after_help = "\
Examples:
  keyholt service-account edit crawler --role viewer
  keyholt service-account edit crawler --role app --org search      joins search
  keyholt service-account edit crawler --name crawler2 --no-email")]
    Edit(edit::Edit),
    /// Suspend a service account in an organisation: its API keys may do nothing there until it is resumed
    #[command(after_help = "\
Examples:
  keyholt service-account suspend crawler
  keyholt service-account suspend crawler --org research")]
    Suspend(suspend::Suspend),
    /// Take a suspended service account back in, with the rights that it had
    #[command(after_help = "\
Examples:
  keyholt service-account resume crawler")]
    Resume(suspend::Suspend),
    /// Remove a service account from an organisation; what it made stays
    #[command(after_help = "\
Examples:
  keyholt service-account rm crawler
  keyholt service-account rm crawler --org research --yes

Who comes from an issuer's tokens would come back with the next one: suspend them instead.")]
    Rm(rm::Rm),
}

impl ServiceAccountCommand {
    /// Does it.
    pub(crate) async fn run(self) -> Result<()> {
        let kind = PrincipalKind::ServiceAccount;
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
