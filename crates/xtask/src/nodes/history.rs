//! Whether the answers of three nodes are those of one store.

use std::time::Duration;

use anyhow::anyhow;
use keyholt_testkit::history::{Flaw, Load, Nodes, check};
use keyholt_testkit::{Stopwatch, seed_setting};
use serde_json::{Value, json};

use super::arguments::NodesArgs;
use super::installation::Installation;
use crate::measure::KEY;

/// How many nodes there are.
const NODES: usize = 3;
/// The most time for the operations.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// What came of it.
pub(super) struct History {
    operations: usize,
    lost: usize,
    refused: u64,
    took: Duration,
    checked_in: Duration,
    /// One at most of each cell: the check ends at the first.
    flaws: Vec<Flaw>,
}

/// Records a history and checks it.
///
/// # Errors
/// When a node does not start, or answers what no operation may have.
pub(super) fn measure(installation: &Installation, arguments: &NodesArgs) -> anyhow::Result<History> {
    let nodes = installation.start(NODES)?;
    let addresses: Vec<_> = nodes.iter().map(|node| node.server.address()).collect();
    let seed = seed_setting("KEYHOLT_SEED");
    eprintln!("{} operations over {NODES} nodes, KEYHOLT_SEED={seed}", arguments.operations);
    let load = Load {
        prefix: "history".to_owned(),
        cells: 8,
        clients: 4,
        names: 3,
        operations: arguments.operations,
        time: PATIENCE,
        seed,
    };
    let recorded =
        load.run(|client| Nodes::new(&addresses, KEY, client)).map_err(|problem| anyhow!(problem))?;
    let watch = Stopwatch::start();
    let flaws: Vec<Flaw> = recorded.cells.iter().filter_map(|history| check(history).err()).collect();
    for flaw in &flaws {
        eprintln!("{flaw}");
    }
    Ok(History {
        operations: recorded.operations(),
        lost: recorded.lost(),
        refused: recorded.refused,
        took: recorded.took,
        checked_in: watch.elapsed(),
        flaws,
    })
}

impl History {
    /// Whether it is what is promised.
    pub(super) const fn holds(&self) -> bool {
        self.flaws.is_empty()
    }

    /// For people.
    pub(super) fn print(&self) {
        println!(
            "{} operations over {NODES} nodes, in turns, in {:.1} s; checked for linearizability in {:.1} s: {} anomalies\n\
             {} without an answer, {} refused",
            self.operations,
            self.took.as_secs_f64(),
            self.checked_in.as_secs_f64(),
            self.flaws.len(),
            self.lost,
            self.refused
        );
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        json!({
            "nodes": NODES, "operations": self.operations, "anomalies": self.flaws.len(), "lost": self.lost,
            "refused": self.refused, "seconds": self.took.as_secs_f64(), "check_seconds": self.checked_in.as_secs_f64(),
        })
    }
}
