//! `keyholt restore`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use keyholt_crypto::RootKeyError;
use keyholt_engine::check_root_key;
use keyholt_store::{CopySource, Store, copy};

use super::interrupt::{self, Left};
use super::place::Place;
use super::progress::Progress;
use super::{options, report};
use crate::config::{ConfigFile, Environment, Options, RootKeySource, Settings};
use crate::output;
use crate::serve::load_root_key;

/// Make a store of a backup file
///
/// Into an empty data directory or an empty PostgreSQL database; nothing is overwritten. What was cut off goes on when
/// the same command is given again; until it has come to its end no server starts there. The options of the server
/// that will serve it are taken too; those that are not listed here change nothing.
#[derive(Debug, Args)]
#[command(mut_args(|option| options::show(option, options::OF_STORE_AND_KEY)))]
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
    /// When the file is no whole backup, the root key that is there is not its own, the target is not empty, or a signal
    /// breaks it off.
    pub(crate) fn run(self) -> Result<()> {
        let settings = Settings::read(self.options, &self.config, &Environment::of_process())?;
        let (file, target, is_json) = (self.file, Place::of(&settings), self.json);
        if !file.is_file() {
            bail!("there is no file {}", file.display());
        }
        let left = Left::of_copy_to(&target.to_string(), "nothing was restored");
        let restore = async move |begun| {
            let source = CopySource::open_file(&file)?;
            match_root_key(&file, &settings).await?;
            let target = target.target(&may_lie_there(&settings)).await?;
            let name = target.name().to_owned();
            let progress = Progress::bar(begun);
            let report = copy(&source, target, &mut |done| progress.copying(done)).await?;
            drop(progress);
            report::print(&report, &name, is_json, &format!("{name} can be served"))
        };
        interrupt::run(restore, left)
    }
}

/// What of an installation's own may lie in its data directory already.
fn may_lie_there(settings: &Settings) -> Vec<&Path> {
    let root_key = match &settings.root_key {
        RootKeySource::File(file) => Some(file.as_path()),
        RootKeySource::Text(_) => None,
    };
    root_key.into_iter().chain(settings.config_file.as_deref()).collect()
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
