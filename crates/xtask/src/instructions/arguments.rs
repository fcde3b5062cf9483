//! What is counted, and what becomes of it.

use std::path::PathBuf;

use clap::Args;

/// What is counted, and what becomes of it.
#[derive(Args, Clone, Debug)]
pub(crate) struct InstructionsArgs {
    /// Counts this program in place of the release build in the target folder.
    #[arg(long, value_name = "FILE")]
    pub(super) binary: Option<PathBuf>,
    /// Writes what is counted over the committed figures.
    #[arg(long)]
    pub(super) update: bool,
}
