//! `keyholt migrate-store`.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;
use keyholt_store::copy;

use super::interrupt::{self, Left};
use super::place::Place;
use super::progress::Progress;
use super::report;
use crate::config::UsageError;

/// Move a store to another database: from SQLite to PostgreSQL, or back
///
/// Copies everything as it is, then compares every row. The source is only read. Where servers use it, the target is
/// brought to this moment and marked as unfinished: stop them and give the same command again, which copies what has
/// changed and finishes. So does a copy that was cut off.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt migrate-store --from sqlite:/var/lib/keyholt --to postgres://keyholt@db/keyholt \\
    --to-password-file db.password
  keyholt migrate-store --from postgres://keyholt@db/keyholt --to sqlite:/var/lib/keyholt

With little time without service: once while the old servers run, then stop them, then once more.
The root key stays the same, and is not copied. Do not start the old servers again.")]
pub(crate) struct MigrateStore {
    /// Where it is: sqlite:DIR or postgres://user@host/database
    #[arg(long, value_name = "STORE")]
    from: String,

    /// Where it goes: an empty directory or database, or an unfinished copy of the same store
    #[arg(long, value_name = "STORE")]
    to: String,

    /// The file with the password for --from
    #[arg(long, value_name = "FILE")]
    from_password_file: Option<PathBuf>,

    /// The file with the password for --to
    #[arg(long, value_name = "FILE")]
    to_password_file: Option<PathBuf>,

    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

impl MigrateStore {
    /// Copies, compares and prints what was done.
    ///
    /// # Errors
    /// When one of the two cannot be used, the target is neither empty nor an unfinished copy of this store, or a signal
    /// breaks it off.
    pub(crate) fn run(self) -> Result<()> {
        let from = Place::parse("--from", &self.from, self.from_password_file.as_deref())?;
        let to = Place::parse("--to", &self.to, self.to_password_file.as_deref())?;
        if from.is_same_directory(&to) {
            return Err(UsageError("--to: is the same directory as --from: give another one".to_owned()).into());
        }
        let left = Left::of_copy_to(&to.to_string(), "nothing was copied");
        let is_json = self.json;
        let migrate = async move |begun| {
            let source = from.source().await.map_err(|problem| in_own_words("--from", &problem))?;
            let target = to.target(&[]).await.map_err(|problem| in_own_words("--to", &problem))?;
            let (old, new) = (source.name().to_owned(), target.name().to_owned());
            let progress = Progress::bar(begun);
            let report = copy(&source, target, &mut |done| progress.copying(done)).await?;
            drop(progress);
            let end = match report.is_finished {
                true => format!("{new} can be served; do not start servers on {old} any more"),
                false => format!(
                    "{old} is in use: what is written there from now on is not in {new} yet, which is marked as unfinished.\n\
                     Stop the servers on {old}, then give the same command again: it copies what has changed, and finishes"
                ),
            };
            report::print(&report, &new, is_json, &end)
        };
        interrupt::run(migrate, left)
    }
}

/// What is wrong with one of the two. Elsewhere the options that say where a store is are the server's, which are called
/// otherwise here.
fn in_own_words(option: &str, problem: &anyhow::Error) -> anyhow::Error {
    let said = format!("{option}: {problem:#}");
    let said = said.replace("--database-password-file", &format!("{option}-password-file"));
    anyhow!(said.replace("another --data-dir", "another directory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_place_names_options_of_this_command_only() {
        let command = MigrateStore::augment_args(clap::Command::new("migrate-store"));
        let options: Vec<String> =
            command.get_arguments().filter_map(|option| Some(format!("--{}", option.get_long()?))).collect();
        for said in [
            "the database server db asks me for a password; give --database-password-file",
            "/var/lib/keyholt is in use by another keyholt process (pid 1); stop it first, or choose another --data-dir",
        ] {
            let said = in_own_words("--to", &anyhow!(said)).to_string();
            let named =
                said.split(|c: char| !(c.is_alphanumeric() || c == '-')).filter(|word| word.starts_with("--"));
            named.for_each(|word| assert!(options.contains(&word.to_owned()), "{word} in: {said}"));
        }
    }
}
