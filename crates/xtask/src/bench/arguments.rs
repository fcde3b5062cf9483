//! How much is measured.

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// How much is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct BenchArgs {
    /// Seconds of each measurement, after a tenth of it to warm up.
    #[arg(long, default_value = "3", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(super) secs: u64,
    /// Rounds of ceiling and server in turns.
    #[arg(long, default_value = "3", value_parser = RangedU64ValueParser::<usize>::new().range(1..=50))]
    pub(super) rounds: usize,
    /// How many secrets are stored.
    #[arg(long, default_value = "1000,1000000", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    pub(super) stored: Vec<u64>,
    /// How many connections ask at a time.
    #[arg(long, default_value = "1,32", value_delimiter = ',', value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub(super) connections: Vec<usize>,
    /// Prints JSON in place of tables.
    #[arg(long)]
    pub(super) json: bool,
    /// Is the ceiling: serves until it is killed.
    #[arg(long, hide = true)]
    pub(super) ceiling: bool,
}

impl BenchArgs {
    /// The same arguments as words.
    pub(super) fn words(&self) -> Vec<String> {
        fn joined<T: ToString>(numbers: &[T]) -> String {
            numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        }
        let mut words = vec![
            format!("--secs={}", self.secs),
            format!("--rounds={}", self.rounds),
            format!("--stored={}", joined(&self.stored)),
            format!("--connections={}", joined(&self.connections)),
        ];
        words.extend(self.json.then(|| "--json".to_owned()));
        words
    }
}
