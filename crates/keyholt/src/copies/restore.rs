//! `keyholt restore`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use keyholt_crypto::RootKeyError;
use keyholt_engine::check_root_key;
use keyholt_store::{CopySource, Store, copy};

use super::place::Place;
use super::progress::Progress;
use super::report;
use crate::config::{ConfigFile, Environment, Options, Settings};
use crate::output;
use crate::serve::load_root_key;

/// Make a store of a backup file
///
/// Into an empty data directory or an empty PostgreSQL database; nothing is overwritten. What was cut off goes on when
/// the same command is given again; until it has come to its end no server starts there. Give it the options that the
/// server will have.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt restore keyholt-monday.db --data-dir /var/lib/keyholt
  KEYHOLT_DATABASE_URL=postgres://keyholt@db/keyholt keyholt restore keyholt-monday.db

The root key is not in a backup: put it where the server looks for it. What was revoked after the backup is valid again.")]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    config: ConfigFile,

    #[command(flatten)]
    options: Options,

    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

impl Restore {
    /// Makes the store and prints what is in it.
    ///
    /// # Errors
    /// When the file is no whole backup, the root key that is there is not its own, or the target is not empty.
    pub(crate) async fn run(self) -> Result<()> {
        let settings = Settings::read(self.options, &self.config, &Environment::of_process())?;
        if !self.file.is_file() {
            bail!("there is no file {}", self.file.display());
        }
        let source = CopySource::open_file(&self.file)?;
        match_root_key(&self.file, &settings).await?;
        let target = Place::of(&settings).target().await?;
        let name = target.name().to_owned();
        let progress = Progress::bar();
        let report = copy(&source, target, &mut |done| progress.copying(done)).await?;
        drop(progress);
        report::print(&report, &name, self.json, &format!("{name} can be served"))
    }
}

/// With the wrong root key the store would be made, and then not start.
async fn match_root_key(file: &Path, settings: &Settings) -> Result<()> {
    let root_key = match load_root_key(&settings.root_key) {
        Ok(root_key) => root_key,
        Err(RootKeyError::Missing { .. }) => {
            output::note(
                "the root key is not here yet; the server will need the one that the backup was made under",
            );
            return Ok(());
        }
        Err(refused) => return Err(refused.into()),
    };
    let backup = Store::open_file_for_reading(file)?;
    if let Err(refused) = check_root_key(&backup, &*root_key).await {
        return Err(refused).context("nothing was restored");
    }
    if backup.find_deployment().await?.is_none() {
        bail!("there is no installation in {}", file.display());
    }
    Ok(())
}
