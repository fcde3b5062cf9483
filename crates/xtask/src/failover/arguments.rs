//! How often roles change.

use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// How often roles change, and under what load.
#[derive(Args, Clone, Debug)]
pub(crate) struct FailoverArgs {
    /// How often the primary is killed.
    #[arg(long, default_value = "20", value_parser = RangedU64ValueParser::<usize>::new().range(0..=10_000))]
    pub(super) times: usize,
    /// How often it stands still in place of that, and goes on later.
    #[arg(long, default_value = "5", value_parser = RangedU64ValueParser::<usize>::new().range(0..=10_000))]
    pub(super) freezes: usize,
    /// How many nodes there are.
    #[arg(long, default_value = "2", value_parser = RangedU64ValueParser::<usize>::new().range(1..=8))]
    pub(super) nodes: usize,
    /// How many workers write at a time, over all nodes.
    #[arg(long, default_value = "8", value_parser = RangedU64ValueParser::<usize>::new().range(1..=256))]
    pub(super) workers: usize,
    /// Uses this program in place of one that is built as it ships.
    #[arg(long, value_name = "FILE")]
    pub(super) binary: Option<PathBuf>,
}

impl FailoverArgs {
    /// The same arguments as words.
    pub(super) fn words(&self) -> Vec<String> {
        vec![
            format!("--times={}", self.times),
            format!("--freezes={}", self.freezes),
            format!("--nodes={}", self.nodes),
            format!("--workers={}", self.workers),
        ]
    }
}
