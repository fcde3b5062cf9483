//! What is measured, and how much.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

/// What is said below the options.
const HELP: &str = "\
What is done: docs/performance.md says it. Servers and databases are started on free ports of 127.0.0.1 and on stores that
are deleted afterwards, except for peers.

A peer is a server that speaks the Braintrust or the Together wire over plain HTTP; which one is found out. Give it a store
that may be thrown away: it is filled through its own creates with as many secrets as the smallest --stored says, which stay
there. It is asked for what its wire has, in turns with all others; a peer that refuses is left out, and that is said.

A gateway peer is another gateway to providers; its URL is where it takes chat completions in OpenAI's format. It is started
before, and sent the headers of a file, a line each, in which {provider} stands for the address of the provider that all
gateways lead to, and {value} for the key that the provider takes:

    npx --yes @portkey-ai/gateway@1.15.2 --headless &
    printf 'x-portkey-provider: openai\nx-portkey-custom-host: http://{provider}/v1\nAuthorization: Bearer {value}\n' >headers
    cargo xtask bench --only chat,stream --gateway-peer Portkey=http://127.0.0.1:8787/v1/chat/completions \
        --gateway-peer-headers headers

Files are relative to the repository. To try it out with what is not optimised:

    cargo build -p keyholt
    cargo xtask bench --binary target/debug/keyholt --secs 0.2 --rounds 1 --stored 200 --connections 1,32 --requests 1000

To publish figures of a machine that does nothing else:

    cargo xtask bench --write docs/performance.md";

/// A part of the measurement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Part {
    /// One secret, by its id.
    Get,
    /// A page of fifty secrets.
    List,
    /// The value that serves a model, as an AI proxy asks for it.
    Resolve,
    /// A new value for a secret.
    Update,
    /// A new secret with a value.
    Create,
    /// A chat completion through the gateway.
    Chat,
    /// A streamed one, and the delay of its chunks.
    Stream,
    /// Latency at a constant rate.
    Steady,
    /// Memory after many requests.
    Memory,
}

/// Where secrets are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Database {
    /// The embedded database.
    Sqlite,
    /// A PostgreSQL server of its own.
    Postgres,
}

/// What is measured, and how much.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = HELP)]
pub(crate) struct BenchArgs {
    /// Only these parts.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "get,list,resolve,update,create,chat,stream,steady,memory"
    )]
    pub(super) only: Vec<Part>,
    /// Only on these databases.
    #[arg(long, value_delimiter = ',', default_value = "sqlite,postgres")]
    pub(super) databases: Vec<Database>,
    /// Seconds of each measurement, after a tenth of it to warm up.
    #[arg(long, default_value = "1", value_parser = seconds)]
    pub(super) secs: f64,
    /// Rounds of all servers in turns.
    #[arg(long, default_value = "3", value_parser = RangedU64ValueParser::<usize>::new().range(1..=50))]
    pub(super) rounds: usize,
    /// How many secrets are stored; a store for each.
    #[arg(long, default_value = "1000,100000,1000000", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    pub(super) stored: Vec<u64>,
    /// How many connections ask at a time.
    #[arg(long, default_value = "1,32,256", value_delimiter = ',', value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub(super) connections: Vec<usize>,
    /// Requests a second where the rate is constant.
    #[arg(long, default_value = "2000", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) rate: u32,
    /// After how many requests memory is read.
    #[arg(long, default_value = "1000000", value_parser = clap::value_parser!(u64).range(1000..=100_000_000))]
    pub(super) requests: u64,
    /// Another server to measure beside ours; may be given several times.
    #[arg(long, value_name = "NAME=URL", value_parser = peer)]
    pub(super) peer: Vec<Peer>,
    /// The file with the API key of each peer, in their order.
    #[arg(long, value_name = "FILE")]
    pub(super) peer_key_file: Vec<PathBuf>,
    /// Another gateway to measure beside ours; may be given several times.
    #[arg(long, value_name = "NAME=URL", value_parser = gateway_peer)]
    pub(super) gateway_peer: Vec<GatewayPeer>,
    /// The file with the headers for each of them, in their order.
    #[arg(long, value_name = "FILE")]
    pub(super) gateway_peer_headers: Vec<PathBuf>,
    /// Measures this program in place of one that is built as it ships, with a load that is as optimised as this tool is.
    #[arg(long, value_name = "FILE")]
    pub(super) binary: Option<PathBuf>,
    /// Compares the figures with design/performance.md, and fails when one that was measured is missed.
    #[arg(long)]
    pub(super) bars: bool,
    /// Writes a chart.
    #[arg(long, value_name = "FILE")]
    pub(super) svg: Option<PathBuf>,
    /// Writes all figures for programs.
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Puts the tables into this document in place of those of the last time, and the chart beside it.
    #[arg(long, value_name = "FILE")]
    pub(super) write: Option<PathBuf>,
    /// Is the ceiling: serves until it is killed.
    #[arg(long, hide = true)]
    pub(super) ceiling: bool,
}

impl BenchArgs {
    /// Whether a part is wanted.
    pub(super) fn wants(&self, part: Part) -> bool {
        self.only.contains(&part)
    }

    /// The fewest secrets that are stored.
    pub(super) fn fewest(&self) -> u64 {
        self.stored.iter().copied().min().unwrap_or_default()
    }

    /// The most.
    pub(super) fn most(&self) -> u64 {
        self.stored.iter().copied().max().unwrap_or_default()
    }

    /// That what was given goes together.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let (peers, keys) = (self.peer.len(), self.peer_key_file.len());
        ensure!(peers == keys, "{peers} --peer and {keys} --peer-key-file: each peer has one key");
        let (peers, files) = (self.gateway_peer.len(), self.gateway_peer_headers.len());
        ensure!(
            peers == files,
            "{peers} --gateway-peer and {files} --gateway-peer-headers: each peer has one file"
        );
        Ok(())
    }
}

/// Another server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Peer {
    /// Its name in tables.
    pub(super) name: String,
    /// Where it listens.
    pub(super) address: SocketAddr,
}

/// Another gateway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct GatewayPeer {
    /// Its name in tables, and where it listens.
    pub(super) peer: Peer,
    /// Where it takes chat completions.
    pub(super) path: String,
}

fn peer(text: &str) -> anyhow::Result<Peer> {
    let GatewayPeer { peer, path } = gateway_peer(text)?;
    ensure!(path == "/", "the URL must have no path");
    Ok(peer)
}

fn gateway_peer(text: &str) -> anyhow::Result<GatewayPeer> {
    let (name, url) = text.split_once('=').context("must be NAME=URL")?;
    let rest = url.strip_prefix("http://").context("the URL must begin with http://")?;
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    let address = address.replace("localhost", "127.0.0.1");
    let address = address.parse().context("the URL must have an address and a port")?;
    ensure!(!name.is_empty() && name.chars().all(|letter| !"|<>&\"".contains(letter)), "no such name");
    ensure!(path.chars().all(|letter| letter.is_ascii_graphic()), "no such path");
    Ok(GatewayPeer { peer: Peer { name: name.to_owned(), address }, path: format!("/{path}") })
}

fn seconds(text: &str) -> anyhow::Result<f64> {
    let seconds: f64 = text.parse()?;
    ensure!((0.1..=60.0).contains(&seconds), "must be 0.1 to 60");
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_a_name_and_an_address_without_tls() {
        let found = peer("other=http://localhost:9000/").unwrap();
        assert_eq!((found.name.as_str(), found.address), ("other", ([127, 0, 0, 1], 9000).into()));
        for wrong in [
            "other",
            "=http://127.0.0.1:1",
            "a=https://127.0.0.1:1",
            "a=http://127.0.0.1",
            "a|b=http://127.0.0.1:1",
            "a=http://127.0.0.1:1/v1",
        ] {
            assert!(peer(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_gateway_peer_has_a_path() {
        let found = gateway_peer("other=http://127.0.0.1:9000/v1/chat/completions").unwrap();
        assert_eq!(found.path, "/v1/chat/completions");
        assert_eq!(found.peer, peer("other=http://127.0.0.1:9000").unwrap());
        assert!(gateway_peer("other=http://127.0.0.1:9000/a b").is_err());
    }

    #[test]
    fn a_measurement_takes_a_tenth_of_a_second_to_a_minute() {
        assert_eq!((seconds("0.1").unwrap(), seconds("60").unwrap()), (0.1, 60.0));
        assert!(["0", "0.05", "61", "NaN", "-1"].iter().all(|wrong| seconds(wrong).is_err()));
    }
}
