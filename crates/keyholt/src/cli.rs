//! The command line.

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use keyholt_memory::Hardening;

use crate::audit::AuditCommand;
use crate::completion::Completion;
use crate::copies::{Backup, MigrateStore, Restore, Verify};
use crate::doctor::Doctor;
use crate::key::KeyCommand;
use crate::member::{ServiceAccountCommand, UserCommand};
use crate::org::OrgCommand;
use crate::project::ProjectCommand;
use crate::run::{InTerminal, Run};
use crate::secret::SecretCommand;
use crate::serve::Serve;
use crate::usage::Usage;
use crate::whoami::Whoami;

/// A self-hosted store for the API keys of AI providers
#[derive(Debug, Parser)]
#[command(
    name = "keyholt",
    version,
    arg_required_else_help = true,
    after_help = "\
First steps:
  keyholt serve                                    start a server; at first it prints an API key
  export KEYHOLT_API_KEY=khk_...                   be its owner
  keyholt secret set OPENAI_API_KEY --type openai  put a provider's key in
  keyholt secret list
  keyholt run -- python app.py                     have it as a variable
  keyholt user create ada --role engineer          let others in
  keyholt key create --for ada --role engineer --name ada-laptop

`keyholt COMMAND --help` has examples. Status: 0 all is well, 1 something failed, 2 wrong usage."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<Serve>),
    /// Put provider keys in, see what is there, test them, take them out
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Make, list and revoke the API keys that people and programs present to Keyholt
    #[command(subcommand)]
    Key(KeyCommand),
    Run(Run),
    Usage(Usage),
    Whoami(Whoami),
    /// Let people in, say what they may do, suspend them, take them out
    #[command(subcommand)]
    User(UserCommand),
    /// The same for programs, whose API keys outlast the people who made them
    #[command(subcommand)]
    ServiceAccount(ServiceAccountCommand),
    /// Make, list, rename and delete the projects of an organisation
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Make, list and rename organisations
    #[command(subcommand)]
    Org(OrgCommand),
    /// See who did what, and prove that the record of it is whole
    #[command(subcommand)]
    Audit(AuditCommand),
    Doctor(Box<Doctor>),
    Backup(Box<Backup>),
    Restore(Box<Restore>),
    Verify(Box<Verify>),
    MigrateStore(MigrateStore),
    Completion(Completion),
    #[command(hide = true)]
    InTerminal(InTerminal),
}

impl Cli {
    /// Does what was asked for.
    ///
    /// # Errors
    /// Whatever went wrong, in words for people.
    pub(crate) fn run(self, hardening: &Hardening) -> Result<()> {
        match self.command {
            Command::Serve(serve) => serve.run(hardening),
            Command::Secret(command) => wait_for(command.run()),
            Command::Key(command) => wait_for(command.run()),
            Command::Run(command) => wait_for(command.run()),
            Command::Usage(command) => wait_for(command.run()),
            Command::Whoami(command) => wait_for(command.run()),
            Command::User(command) => wait_for(command.run()),
            Command::ServiceAccount(command) => wait_for(command.run()),
            Command::Project(command) => wait_for(command.run()),
            Command::Org(command) => wait_for(command.run()),
            Command::Audit(command) => wait_for(command.run()),
            Command::Doctor(doctor) => wait_for(doctor.run()),
            Command::Backup(backup) => backup.run(),
            Command::Restore(restore) => restore.run(),
            Command::Verify(verify) => verify.run(),
            Command::MigrateStore(migrate) => migrate.run(),
            Command::Completion(completion) => completion.run(Self::command()),
            Command::InTerminal(command) => wait_for(command.run()),
        }
    }
}

/// Runs a command that talks to a server: one thread is enough.
fn wait_for(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn commands_on_a_store_show_only_what_matters_to_them_and_take_all_of_a_server() {
        const KEY: &str = "--root-key-file";
        const STORE: &[&str] =
            &["--config", "--data-dir", "--database-password-file", "--database-url", "--json"];
        let mut command = Cli::command();
        command.build();
        for (name, more) in [
            ("backup", &["--force", "--help"][..]),
            ("restore", &["--help", KEY]),
            ("verify", &["--backup", "--help", KEY]),
        ] {
            let shown =
                command.find_subcommand(name).unwrap().get_arguments().filter(|option| !option.is_hide_set());
            let mut named: Vec<String> =
                shown.filter_map(|option| Some(format!("--{}", option.get_long()?))).collect();
            named.sort_unstable();
            let mut expected = [STORE, more].concat();
            expected.sort_unstable();
            assert_eq!(named, expected, "{name}");
            let of_a_server = ["keyholt", name, "--listen=127.0.0.1:1", "--access-log", "--egress-allow=a"];
            let file: &[&str] = if name == "verify" { &[] } else { &["file"] };
            assert!(Cli::try_parse_from([&of_a_server[..], file].concat()).is_ok(), "{name}");
        }
    }

    #[test]
    fn no_option_takes_a_secret() {
        fn check(command: &clap::Command) {
            for option in command.get_arguments() {
                let name = option.get_long().unwrap_or_default();
                assert!(
                    !["api-key", "key", "value", "root-key", "password", "token"].contains(&name),
                    "{name}"
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
