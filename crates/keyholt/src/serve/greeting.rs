//! What a start says on standard output.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use keyholt_engine::FirstStart;

use crate::config::{Database, RootKeySource, Settings};
use crate::output::{self, visible};

/// Where the server is reached.
pub(super) struct Address {
    /// The URL of the address that it listens on.
    pub(super) url: String,
    /// The URL for clients on this machine.
    pub(super) local_url: String,
    /// The URL of the metrics, where it is not known beforehand.
    pub(super) picked_metrics_url: Option<String>,
}

/// Says where the server listens, and on the first start all else that is said only then.
///
/// # Errors
/// When the owner's new API key cannot be written: nobody would ever know it.
pub(super) fn print(settings: &Settings, address: &Address, first_start: Option<&FirstStart>) -> Result<()> {
    let metrics =
        address.picked_metrics_url.as_ref().map(|url| format!("metrics at {url}\n")).unwrap_or_default();
    // Whoever starts the server as a child waits for this line: all addresses are known with it.
    let listening = format!("{metrics}listening on {}", address.url);
    let Some(first_start) = first_start else {
        // The server serves, whether or not anybody reads this.
        let _ = output::line(&listening);
        return Ok(());
    };
    output::line(&format!(
        "{}\n{listening}\n{}",
        founded(settings, first_start),
        next_steps(address, first_start)
    ))
    .with_context(|| {
        let data = place(settings);
        format!("the owner's API key could not be printed: delete {data} and start again")
    })
}

fn founded(settings: &Settings, first_start: &FirstStart) -> String {
    let mut text = format!(
        "A new store was made.\n  data          {}\n  organisation  {}\n",
        visible(&place(settings)),
        visible(&first_start.org_name)
    );
    // Writing to a text does not fail.
    if let RootKeySource::File(file) = &settings.root_key {
        let _ = writeln!(
            text,
            "  root key      {}\n                keep a copy apart from the data: without it nothing can be read",
            file.display()
        );
    }
    if let Some(key) = shown_key(first_start) {
        let _ = writeln!(text, "  API key       {key}\n                the owner's; it is shown this once");
    }
    text
}

/// Where the data are.
fn place(settings: &Settings) -> String {
    match &settings.database {
        Database::Sqlite => settings.data_dir.display().to_string(),
        Database::Postgres(options) => options.url.to_string(),
    }
}

fn next_steps(address: &Address, first_start: &FirstStart) -> String {
    let mut exports = String::new();
    if address.local_url != "http://127.0.0.1:8787" {
        let _ = write!(exports, " KEYHOLT_URL={}", address.local_url);
    }
    let key = shown_key(first_start).unwrap_or("...");
    format!(
        "\nNext, in another shell:\n  export{exports} KEYHOLT_API_KEY={key}\n  \
         keyholt secret set OPENAI_API_KEY --type openai\n  keyholt secret list"
    )
}

/// The owner's key, if it was made here. One that was given is not repeated.
#[expect(clippy::disallowed_methods, reason = "EXPOSE: the owner's new API key is printed, this once")]
fn shown_key(first_start: &FirstStart) -> Option<&str> {
    first_start.token.as_ref().map(|token| token.expose())
}
