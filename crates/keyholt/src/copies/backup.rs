//! `keyholt backup`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use keyholt_store::{CopyTarget, copy};

use super::interrupt::{self, Left};
use super::place::Place;
use super::progress::Progress;
use super::{options, report};
use crate::config::{ConfigFile, Environment, Options, Settings};

/// Write the whole store to one file, while servers go on
///
/// The file is the store as it was at the moment at which the backup began: everything sealed as it was, without the
/// root key, which must be kept apart. Every row is compared afterwards. The options of a server are taken too; those that
/// are not listed here change nothing.
#[derive(Debug, Args)]
#[command(mut_args(|option| options::show(option, options::OF_STORE)))]
#[command(after_help = "\
Examples:
  keyholt backup /backups/keyholt-monday.db
  keyholt backup /backups/keyholt.db --force --data-dir /var/lib/keyholt
  KEYHOLT_DATABASE_URL=postgres://keyholt@db/keyholt keyholt backup keyholt.db

`keyholt restore FILE` is the way back, `keyholt verify --backup FILE` opens all that is in it.")]
pub(crate) struct Backup {
    /// The file, which appears when it is whole, readable by its owner alone
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Replace the file if there is one
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    config: ConfigFile,

    #[command(flatten)]
    options: Options,

    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

impl Backup {
    /// Writes the file and prints what is in it.
    ///
    /// # Errors
    /// When there is a file already, the store cannot be read, the file cannot be written, or a signal breaks it off.
    pub(crate) fn run(self) -> Result<()> {
        let settings = Settings::read(self.options, &self.config, &Environment::of_process())?;
        let (source, file, force, is_json) = (Place::of(&settings), self.file, self.force, self.json);
        let shown = file.display().to_string();
        let nothing =
            format!("{shown} was not written, and nothing of it is left; give the same command again");
        let left = Left {
            before: nothing.clone(),
            midway: nothing,
            cut_off: format!(
                "{shown} was not written; {shown}.unfinished is left, which the next backup of this name removes"
            ),
        };
        let back_up = async move |begun| {
            let source = source.source().await?;
            let target = CopyTarget::create_file(&file, force)?;
            let progress = Progress::bar(begun);
            let report = copy(&source, target, &mut |done| progress.copying(done)).await?;
            drop(progress);
            let end = format!(
                "{shown} is whole; it holds no root key, without which it is worth nothing: keep that apart"
            );
            report::print(&report, &shown, is_json, &end)
        };
        interrupt::run(back_up, left)
    }
}
