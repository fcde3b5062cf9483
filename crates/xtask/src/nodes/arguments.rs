//! How much is measured.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

/// A part of the measurement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Part {
    /// Whether answers of three nodes are those of one store.
    History,
    /// How long a revoked key is good elsewhere.
    Revocation,
    /// What nodes do in a second.
    Throughput,
    /// What one request costs.
    Cost,
}

/// How much is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct NodesArgs {
    /// Only these parts.
    #[arg(long, value_delimiter = ',', default_value = "history,revocation,throughput,cost")]
    pub(super) only: Vec<Part>,
    /// Operations of the history.
    #[arg(long, default_value = "100000", value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    pub(super) operations: u64,
    /// Revocations, with notifications and as many without.
    #[arg(long, default_value = "1000", value_parser = RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    pub(super) revocations: usize,
    /// Revocations while one node cannot reach the database; each takes 3 s.
    #[arg(long, default_value = "20", value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub(super) partitions: usize,
    /// Seconds of each measurement of throughput, after a tenth of it to warm up.
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(super) secs: u64,
    /// Rounds of them.
    #[arg(long, default_value = "3", value_parser = RangedU64ValueParser::<usize>::new().range(1..=50))]
    pub(super) rounds: usize,
    /// How many nodes there are.
    #[arg(long, default_value = "1,2,4", value_delimiter = ',', value_parser = RangedU64ValueParser::<usize>::new().range(1..=16))]
    pub(super) nodes: Vec<usize>,
    /// How many connections ask at a time, of all nodes together.
    #[arg(long, default_value = "32", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub(super) connections: usize,
    /// Measures this program in place of one that is built as it ships, with a load that is not optimised.
    #[arg(long, value_name = "FILE")]
    pub(super) binary: Option<PathBuf>,
    /// Prints JSON in place of tables.
    #[arg(long)]
    pub(super) json: bool,
}

impl NodesArgs {
    /// The same arguments as words.
    pub(super) fn words(&self) -> Vec<String> {
        fn joined<T>(items: &[T], word: impl Fn(&T) -> String) -> String {
            items.iter().map(word).collect::<Vec<_>>().join(",")
        }
        let name =
            |part: &Part| part.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned());
        let mut words = vec![
            format!("--only={}", joined(&self.only, name)),
            format!("--operations={}", self.operations),
            format!("--revocations={}", self.revocations),
            format!("--partitions={}", self.partitions),
            format!("--secs={}", self.secs),
            format!("--rounds={}", self.rounds),
            format!("--nodes={}", joined(&self.nodes, ToString::to_string)),
            format!("--connections={}", self.connections),
        ];
        words.extend(self.json.then(|| "--json".to_owned()));
        words
    }
}
