//! The command itself: all checks in order.

use anyhow::{Result, bail};
use clap::Args;
use keyholt_crypto::{RootKeyError, RootKeyProvider};
use serde_json::json;

use super::finding::{Finding, Health};
use super::{place, rows, store};
use crate::config::{self, ConfigFile, Environment, Options, Settings};
use crate::output;
use crate::serve::load_root_key;

/// Check an installation, and say what to do
///
/// Looks at the configuration, permissions, the root key, the database and every secret in it, with the
/// server running or not; changes nothing. A secret that the gateway and AI proxies leave out is a warning. Give it the
/// same options as the server.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt doctor
  keyholt doctor --config /etc/keyholt.toml --json

Ends with status 1 when something fails.")]
pub(crate) struct Doctor {
    #[command(flatten)]
    config: ConfigFile,

    #[command(flatten)]
    options: Options,

    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Checks everything and prints what was found.
    ///
    /// # Errors
    /// When a check fails, or the configuration cannot be read.
    pub(crate) async fn run(self) -> Result<()> {
        let settings = Settings::read(self.options, &self.config, &Environment::of_process())?;
        let findings = examine(&settings).await;
        let failed = findings.iter().filter(|finding| finding.state == Health::Fail).count();
        if self.json {
            output::json(&json!({ "ok": failed == 0, "checks": findings }))?;
        } else {
            let in_colour = output::has_colour();
            for finding in &findings {
                output::line(&finding.line(in_colour))?;
            }
        }
        match failed {
            0 => Ok(()),
            1 => bail!("1 check failed"),
            _ => bail!("{failed} checks failed"),
        }
    }
}

async fn examine(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![place::configuration(settings), place::server(settings).await];
    match &settings.database {
        config::Database::Sqlite => findings.extend(place::data_dir(settings)),
        config::Database::Postgres(options) => findings.extend(place::link(&options.url)),
    }
    let root_key = load_root_key(&settings.root_key);
    let database = match store::open(settings).await {
        store::Database::None => {
            let message = match &settings.database {
                config::Database::Sqlite => "none yet: the first `keyholt serve` makes it",
                config::Database::Postgres(_) => {
                    "answers and is empty: the first `keyholt serve` makes its tables"
                }
            };
            findings.push(Finding::ok("database", message));
            return findings;
        }
        store::Database::Refused(finding) => {
            findings.push(root_key_finding(settings, &root_key));
            findings.push(finding);
            return findings;
        }
        store::Database::Open(database) => database,
    };
    findings.push(root_key_finding(settings, &root_key));
    findings.push(store::integrity(&database).await);
    findings.extend(store::durability(&database));
    if let Some(unfinished) = store::unfinished(&database).await {
        // Rows that are not copied yet would look like damage.
        findings.push(unfinished);
        return findings;
    }
    if let Ok(root_key) = root_key {
        findings.extend(rows::examine(&database, &*root_key).await);
    }
    findings
}

fn root_key_finding(settings: &Settings, root_key: &Result<Box<dyn RootKeyProvider>, RootKeyError>) -> Finding {
    match root_key {
        Ok(root_key) if place::is_root_key_among_data(settings) => Finding::warn(
            "root key",
            format!("{}: lies in the data directory, where a backup carries it; move it", root_key.describe()),
        ),
        Ok(root_key) => {
            Finding::ok("root key", format!("{}: keep a copy apart from the data", root_key.describe()))
        }
        Err(refused) => Finding::fail("root key", refused.to_string()),
    }
}
