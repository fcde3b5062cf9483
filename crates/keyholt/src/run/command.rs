//! The command itself.

use std::ffi::OsString;

use anyhow::Result;
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use super::launch::Launch;
use super::masked;
use super::variables::{Variables, Wanted};
use crate::client::ServerOptions;
use crate::output;

/// Run a command with secrets in its environment
///
/// Each secret that the API key may reveal becomes a variable of the secret's name, in place of one that is there
/// already. The values go to the command alone: not to the disk, not to its arguments, and what it prints of them is
/// shown as [redacted]. Its status is the status of this, and signals reach it.
#[derive(Debug, Args)]
#[command(
    override_usage = "keyholt run [OPTIONS] -- COMMAND [ARGUMENT]...",
    after_help = "\
Examples:
  keyholt run -- python train.py
  keyholt run --only OPENAI_API_KEY,HF_TOKEN -- npm test
  keyholt run --deployment web -- ./server     the project's secret web-TOKEN becomes TOKEN
  keyholt run --no-mask -- env                 become the command, and mask nothing

Left out are secrets whose names no variable can have, and, unless --only names them, those that
shells and programs obey, such as PATH and LD_PRELOAD.

Values of 8 bytes and more are masked, also in base64, in JSON and percent-encoded. That guards
against accidents: a command can always write a value in a way that nobody recognises. So that it
can be done on a terminal, the command gets a terminal of its own; Ctrl-Z and fg work there, but in
the background it waits. With --no-mask the command takes the place of this process altogether.

The command writes no core files; other programs of the same user can read its environment.

Status: the command's; 128 and its number when a signal ended it; 127 when there is no such
program, 126 when it cannot be started; 1 and 2 when Keyholt refused, and nothing was started."
)]
pub(crate) struct Run {
    /// Only these variables; it is an error when one of them is missing
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<String>,

    /// The secrets of the API key's project, instead of the organisation's
    #[arg(long, conflicts_with = "org")]
    project: bool,

    /// The project's secrets whose names begin with NAME-, without that beginning
    #[arg(long, value_name = "NAME", conflicts_with = "org")]
    deployment: Option<String>,

    /// The secrets of this organisation, where the API key belongs to several
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    /// Leave the command's output as it is
    #[arg(long)]
    no_mask: bool,

    /// Let the command have the API key: without this, KEYHOLT_API_KEY and KEYHOLT_API_KEY_FILE are taken out of its
    /// environment
    #[arg(long)]
    keep_key: bool,

    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    words: Vec<OsString>,

    #[command(flatten)]
    server: ServerOptions,
}

impl Run {
    /// Runs it to its end.
    ///
    /// # Errors
    /// When the values cannot be had; and always when the command has ended, as [`CommandEnded`](super::CommandEnded).
    pub(crate) async fn run(self) -> Result<()> {
        let wanted = Wanted { only: self.only, deployment: self.deployment };
        wanted.check()?;
        let is_of_project = self.project || wanted.deployment.is_some();
        let body = json!({ "names": wanted.secrets(), "org": self.org, "project": is_of_project });
        let mut answer = self.server.connect()?.send_body(Method::POST, "secrets/reveal", &body).await?;
        let revealed = answer.get_mut("objects").map(Value::take);
        let revealed = if let Some(Value::Array(revealed)) = revealed { revealed } else { Vec::new() };
        let variables = Variables::of(revealed, &wanted)?;
        for note in variables.notes() {
            output::note(&format!("keyholt: {note}"));
        }
        if variables.set.is_empty() {
            output::note("keyholt: there is no secret whose value this API key may reveal");
        }
        let launch = Launch { words: self.words, variables: variables.set, keeps_key: self.keep_key };
        Err(if self.no_mask { launch.become_it() } else { masked::run(launch).await? }.into())
    }
}
