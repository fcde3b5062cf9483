//! How much is measured.

use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// What is said below the options.
const HELP: &str = "\
What is done: a provider of ours is started on a free port of 127.0.0.1, and the server on a store that is deleted
afterwards, with --egress-allow for that port. Each round asks the provider directly and then through the gateway, for
chat completions: whole (an answer of 600 bytes) and streamed (50 events in one write), as fast as they are answered.
Then come streams at a bounded rate, where the provider writes the time into each chunk: its delay is from there to when
its last byte is read. At the end a server that has just started is asked for as many requests as --memory says, and its
memory is read in between: it should not grow from one reading to the next.

How to read it: all of it shares this machine's processors. \"direct\" is what the load and the provider can do at all.
At one connection \"added p50\" is what a caller waits longer; at many, look at the gateway's CPU for one request. The
spread of the rounds tells whether the machine was quiet enough. Both sides are plain HTTP.

It takes about two minutes with a warm build. To try it out with what is not optimised:

    cargo build -p keyholt
    cargo xtask gateway --binary target/debug/keyholt --secs 1 --rounds 1 --memory 100,1000";

/// How much is measured.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct GatewayArgs {
    /// Seconds of each measurement, after a tenth of it to warm up.
    #[arg(long, default_value = "3", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(super) secs: u64,
    /// Rounds of all measurements in turns.
    #[arg(long, default_value = "3", value_parser = RangedU64ValueParser::<usize>::new().range(1..=20))]
    pub(super) rounds: usize,
    /// How many connections ask at a time.
    #[arg(long, default_value = "1,32", value_delimiter = ',', value_parser = RangedU64ValueParser::<usize>::new().range(1..=300))]
    pub(super) connections: Vec<usize>,
    /// How many secrets of other providers are stored beside the one that serves.
    #[arg(long, default_value = "100", value_parser = clap::value_parser!(u64).range(..=100_000))]
    pub(super) stored: u64,
    /// Chunks a second of all streams whose delay is measured.
    #[arg(long, default_value = "5000", value_parser = clap::value_parser!(u32).range(32..=50_000))]
    pub(super) chunk_rate: u32,
    /// After how many requests the memory is read; 0 for not at all.
    #[arg(long, default_value = "10000,50000,100000", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(..=10_000_000))]
    pub(super) memory: Vec<u64>,
    /// Measures this program in place of one that is built as it ships, with a load that is not optimised.
    #[arg(long, value_name = "FILE")]
    pub(super) binary: Option<PathBuf>,
    /// Prints JSON in place of tables.
    #[arg(long)]
    pub(super) json: bool,
    /// Is the provider: serves until it is killed, six hours at most.
    #[arg(long, hide = true)]
    pub(super) provider: bool,
}

impl GatewayArgs {
    /// The same arguments as words.
    pub(super) fn words(&self) -> Vec<String> {
        fn joined<T: ToString>(numbers: &[T]) -> String {
            numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        }
        let mut words = vec![
            format!("--secs={}", self.secs),
            format!("--rounds={}", self.rounds),
            format!("--connections={}", joined(&self.connections)),
            format!("--stored={}", self.stored),
            format!("--chunk-rate={}", self.chunk_rate),
            format!("--memory={}", joined(&self.memory)),
        ];
        words.extend(self.json.then(|| "--json".to_owned()));
        words
    }
}
