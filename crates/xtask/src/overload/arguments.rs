//! How much is measured.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Part {
    /// Several times as much as can be served.
    Surge,
    /// One organisation beyond its limit.
    Neighbour,
    /// Connections on which nothing is asked for, and such that drip.
    Idle,
}

/// How much is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct OverloadArgs {
    /// Only this part; may be given several times.
    #[arg(long, value_enum)]
    pub(super) only: Vec<Part>,
    /// Seconds of the overload; the other measurements take a sixth of it each.
    #[arg(long, default_value = "60", value_parser = clap::value_parser!(u64).range(3..=600))]
    pub(super) secs: u64,
    /// How many times as much as can be served.
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u32).range(2..=20))]
    pub(super) times: u32,
    /// How many connections ask under overload.
    #[arg(long, default_value = "2000", value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub(super) connections: usize,
    /// How many connections are idle.
    #[arg(long, default_value = "10000", value_parser = RangedU64ValueParser::<usize>::new().range(1..=15_000))]
    pub(super) idle: usize,
    /// Clients ask again at once where they were told to come back later.
    #[arg(long)]
    pub(super) impatient: bool,
    /// Measures this program in place of one that is built as it ships, with a load that is not optimised.
    #[arg(long, value_name = "FILE")]
    pub(super) binary: Option<PathBuf>,
    /// Only measures: no figure is held against its bar.
    #[arg(long)]
    pub(super) no_bars: bool,
    /// Set where this program has been given its own processor and limit of files.
    #[arg(long, hide = true)]
    pub(super) apart: bool,
}

impl OverloadArgs {
    pub(super) fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}
