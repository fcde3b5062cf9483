//! How much is measured.

use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// How much is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct FloodArgs {
    /// Seconds of each measurement, after a tenth of it to warm up.
    #[arg(long, default_value = "3", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(super) secs: u64,
    /// Rounds of all measurements in turns.
    #[arg(long, default_value = "5", value_parser = RangedU64ValueParser::<usize>::new().range(1..=50))]
    pub(super) rounds: usize,
    /// How many connections have the right key.
    #[arg(long, default_value = "8", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub(super) right: usize,
    /// How many connections are beside them.
    #[arg(long, default_value = "24", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub(super) beside: usize,
    /// The most requests a second of those beside, all together [default: as many as are answered]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(super) beside_rate: Option<u32>,
    /// Measures this program in place of one that is built as it ships, with a load that is not optimised.
    #[arg(long, value_name = "FILE")]
    pub(super) binary: Option<PathBuf>,
    /// Prints JSON in place of a table.
    #[arg(long)]
    pub(super) json: bool,
}

impl FloodArgs {
    /// The same arguments as words.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = vec![
            format!("--secs={}", self.secs),
            format!("--rounds={}", self.rounds),
            format!("--right={}", self.right),
            format!("--beside={}", self.beside),
        ];
        words.extend(self.beside_rate.map(|rate| format!("--beside-rate={rate}")));
        words.extend(self.json.then(|| "--json".to_owned()));
        words
    }
}
