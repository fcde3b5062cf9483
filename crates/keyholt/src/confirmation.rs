//! Asking before something is done that cannot be undone.

use anyhow::{Result, bail};
use clap::Args;

use crate::config::UsageError;
use crate::output;

/// Whether somebody is asked before it is done.
#[derive(Debug, Args)]
pub(crate) struct Confirmation {
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Confirmation {
    /// To be called before a server is asked for anything: what would come to nothing is refused here.
    ///
    /// # Errors
    /// When an answer is needed and nobody is there to give one. `to` reads on after `--yes to`.
    pub(crate) fn check(&self, to: &str) -> Result<(), UsageError> {
        if self.yes || output::can_ask() {
            return Ok(());
        }
        Err(UsageError(format!("there is no terminal to ask on; give --yes to {to}")))
    }

    /// Asks, unless that is not wanted.
    ///
    /// # Errors
    /// When the answer is no, with `otherwise`; when the terminal cannot be read.
    pub(crate) fn ask(&self, question: &str, otherwise: &'static str) -> Result<()> {
        if !self.yes && !output::confirm(question)? {
            bail!(otherwise);
        }
        Ok(())
    }
}
