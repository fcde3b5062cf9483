//! Which server, and as whom.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use keyholt_types::Credential;

use super::Connection;
use crate::config::{Environment, UsageError};

/// Which server, and as whom. An API key is no option: others can read a command line.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerOptions {
    /// The server [variable KEYHOLT_URL; default: http://127.0.0.1:8787]
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// A file that holds the API key [variable KEYHOLT_API_KEY_FILE; the key itself: variable KEYHOLT_API_KEY]
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

/// What all commands have in common that answer by themselves.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ClientOptions {
    #[command(flatten)]
    server: ServerOptions,

    /// Print one JSON object, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

impl ClientOptions {
    /// As [`ServerOptions::connect`].
    ///
    /// # Errors
    /// As there.
    pub(crate) fn connect(&self) -> Result<Connection> {
        self.server.connect()
    }
}

impl ServerOptions {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// # Errors
    /// When the URL or the file with the key cannot be used.
    pub(crate) fn connect(&self) -> Result<Connection> {
        let environment = Environment::of_process();
        let url = match &self.url {
            Some(url) => url.clone(),
            None => environment.text("KEYHOLT_URL")?.unwrap_or_else(|| "http://127.0.0.1:8787".to_owned()),
        };
        Connection::new(&url, self.credential(&environment)?)
    }

    /// A file named by a flag, else the key in the variable, else a file named by a variable.
    fn credential(&self, environment: &Environment) -> Result<Option<Credential>> {
        if let Some(file) = &self.api_key_file {
            return credential_in(file).map(Some);
        }
        if let Some(text) = environment.text("KEYHOLT_API_KEY")? {
            return Ok(Some(Credential::new(text)));
        }
        let file = environment.raw("KEYHOLT_API_KEY_FILE").map(PathBuf::from);
        file.as_ref().map(credential_in).transpose()
    }
}

fn credential_in(file: &PathBuf) -> Result<Credential> {
    let text = fs::read_to_string(file).with_context(|| format!("the API key file {}", file.display()))?;
    // An editor leaves a line break that is not part of the key.
    let key = text.strip_suffix('\n').unwrap_or(&text);
    let key = key.strip_suffix('\r').unwrap_or(key);
    if key.is_empty() {
        return Err(UsageError(format!("the API key file {} is empty", file.display())).into());
    }
    Ok(Credential::new(key.to_owned()))
}
