//! Whose the processor time is.

use std::time::Duration;

use keyholt_testkit::postgres::Cluster;

use super::installation::Node;
use crate::measure::{first_process, time_of, time_of_family};

/// Processor time so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Processors {
    /// Of all nodes.
    pub(super) nodes: Duration,
    /// Of all processes of PostgreSQL, those that have ended too.
    pub(super) postgres: Duration,
    /// Of this program: the load.
    pub(super) load: Duration,
}

impl Processors {
    /// Until now.
    ///
    /// # Errors
    /// When a process has ended.
    pub(super) fn now(nodes: &[Node], cluster: &Cluster) -> anyhow::Result<Self> {
        let postgres = time_of_family(first_process(cluster)?)?;
        let mut all = Self { load: time_of(std::process::id())?, postgres, ..Self::default() };
        for node in nodes {
            all.nodes += time_of(node.server.pid())?;
        }
        Ok(all)
    }

    /// The time since then.
    pub(super) const fn since(self, before: Self) -> Self {
        Self {
            nodes: self.nodes.saturating_sub(before.nodes),
            postgres: self.postgres.saturating_sub(before.postgres),
            load: self.load.saturating_sub(before.load),
        }
    }
}
