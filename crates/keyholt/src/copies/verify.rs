//! `keyholt verify`.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use keyholt_crypto::{RootKeyError, RootKeyProvider};
use keyholt_engine::{OpenRefused, Verification, verify};
use keyholt_store::{PostgresOptions, Store, StoreError};
use serde_json::{Value, json};

use super::interrupt::{self, Left};
use super::options;
use super::progress::Progress;
use crate::config::{ConfigFile, Database, Environment, Options, Settings};
use crate::output;
use crate::serve::load_root_key;

/// Connections that a verification opens to a shared database.
const FEWEST: usize = 4;

/// Prove that a store or a backup is whole
///
/// Opens every secret, every version of a value and every key in memory, and checks every API key's proof and every
/// record of the audit log; beside a server or without one. Changes nothing. Without the root key only the file and the
/// order of the audit log are looked at. The options of a server are taken too; those that are not listed here change
/// nothing.
#[derive(Debug, Args)]
#[command(mut_args(|option| options::show(option, options::OF_STORE_AND_KEY)))]
#[command(after_help = "\
Examples:
  keyholt verify --backup keyholt-monday.db --root-key-file keyholt.root-key
  keyholt verify --data-dir /var/lib/keyholt --json

Ends with status 1 when anything is wrong. Audit records cut off at the very end of a chain cannot be noticed this way.")]
pub(crate) struct Verify {
    /// A backup file, in place of the store itself
    #[arg(long, value_name = "FILE")]
    backup: Option<PathBuf>,

    #[command(flatten)]
    config: ConfigFile,

    #[command(flatten)]
    options: Options,

    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

impl Verify {
    /// Verifies and prints what was looked at.
    ///
    /// # Errors
    /// When anything is wrong, the root key is not the store's, the store cannot be read, or a signal breaks it off.
    pub(crate) fn run(self) -> Result<()> {
        let settings = Settings::read(self.options, &self.config, &Environment::of_process())?;
        let (backup, is_json) = (self.backup, self.json);
        let nothing = "nothing was proven, and nothing was changed".to_owned();
        let left = Left { before: nothing.clone(), midway: nothing.clone(), cut_off: nothing };
        interrupt::run(async move |_| verify_all(&settings, backup.as_deref(), is_json).await, left)
    }
}

async fn verify_all(settings: &Settings, backup: Option<&Path>, is_json: bool) -> Result<()> {
    let root_key = match load_root_key(&settings.root_key) {
        Ok(root_key) => Some(root_key),
        Err(RootKeyError::Missing { .. }) => None,
        Err(refused) => return Err(refused.into()),
    };
    let store = open(settings, backup).await?;
    let progress = Progress::counter();
    let root_key: Option<&dyn RootKeyProvider> = root_key.as_deref();
    let verified = verify(&store, root_key, &mut |seen| progress.verifying(seen)).await;
    drop(progress);
    let found = verified.map_err(|refused| with_remedy(refused, settings, backup))?;
    if is_json {
        output::json(&in_json(&found))?;
    } else {
        print(&found)?;
    }
    match found.faults {
        0 => Ok(()),
        1 => bail!("1 fault"),
        faults => bail!("{faults} faults"),
    }
}

/// Of what cannot be read: which, and what to do.
fn with_remedy(refused: OpenRefused, settings: &Settings, backup: Option<&Path>) -> anyhow::Error {
    let OpenRefused::Store(problem) = refused else { return refused.into() };
    match (backup, &settings.database) {
        (Some(file), _) => anyhow!("{} cannot be read: {problem}; use another backup", file.display()),
        (None, Database::Sqlite) => {
            let dir = settings.data_dir.display();
            anyhow!("{dir} cannot be read: {problem}; check the disk, or restore it from a backup")
        }
        (None, Database::Postgres(_)) => {
            anyhow!("{problem}; check the database server and the rights of keyholt's role")
        }
    }
}

async fn open(settings: &Settings, backup: Option<&Path>) -> Result<Store> {
    let store = match (backup, &settings.database) {
        (Some(file), _) if !file.is_file() => bail!("there is no file {}", file.display()),
        (Some(file), _) => Store::open_file_for_reading(file)?,
        (None, Database::Sqlite) if !settings.data_dir.is_dir() => {
            bail!("there is no data directory {}", settings.data_dir.display())
        }
        (None, Database::Sqlite) if !settings.data_dir.join("keyholt.db").exists() => {
            bail!("there is no installation in {}", settings.data_dir.display())
        }
        (None, Database::Sqlite) => Store::open_directory_for_reading(&settings.data_dir)?,
        (None, Database::Postgres(options)) => {
            let for_reading = PostgresOptions { connections: FEWEST, for_reading: true, ..(**options).clone() };
            Store::connect(&for_reading).await?
        }
    };
    let is_newest = match store.has_newest_schema().await {
        // An empty PostgreSQL database: undefined_table.
        Err(StoreError::Fault(problem)) if problem.starts_with("42P01") => {
            bail!("there is no installation in it")
        }
        answer => answer?,
    };
    if !is_newest {
        bail!(
            "it was written by an older keyholt: verify it with that one, or restore it first and verify the result"
        );
    }
    if store.find_deployment().await?.is_none() {
        bail!("there is no installation in it");
    }
    Ok(store)
}

fn print(found: &Verification) -> Result<()> {
    for fault in &found.named {
        output::line(&format!("fault  {}", output::visible(fault)))?;
    }
    if found.faults > found.named.len() as u64 {
        output::line(&format!("fault  and {} more", found.faults - found.named.len() as u64))?;
    }
    let audit = &found.audit;
    match &found.opened {
        Some(opened) => {
            output::line(&format!(
                "{} organisations, {} keys of theirs, {} API keys, {} secrets and {} values were opened or proven",
                opened.orgs, opened.org_keys, opened.api_keys, opened.secrets, opened.values
            ))?;
            output::line(&format!("{} audit events in {} chains were proven", audit.events, audit.chains))?;
        }
        None => {
            output::line(&format!("{} audit events in {} chains are in order", audit.events, audit.chains))?;
            output::note(
                "the root key is not here: nothing sealed was opened, nothing was proven; see --root-key-file",
            );
        }
    }
    if found.faults == 0 { output::line("0 faults") } else { Ok(()) }
}

fn in_json(found: &Verification) -> Value {
    let audit = json!({ "events": found.audit.events, "chains": found.audit.chains });
    let mut report = json!({
        "ok": found.faults == 0,
        "root_key": found.opened.is_some(),
        "faults": found.faults,
        "named_faults": found.named,
        "audit": audit,
    });
    if let (Some(opened), Some(report)) = (&found.opened, report.as_object_mut()) {
        report.insert("organisations".to_owned(), opened.orgs.into());
        report.insert("organisation_keys".to_owned(), opened.org_keys.into());
        report.insert("api_keys".to_owned(), opened.api_keys.into());
        report.insert("secrets".to_owned(), opened.secrets.into());
        report.insert("values".to_owned(), opened.values.into());
    }
    report
}
