//! Whose the processor time is.

use std::fs;
use std::time::Duration;

use anyhow::Context;
use keyholt_testkit::Usage;
use keyholt_testkit::postgres::Cluster;

use super::installation::Node;

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
        let mut all =
            Self { load: of(std::process::id())?, postgres: of_postgres(cluster)?, ..Self::default() };
        for node in nodes {
            all.nodes += of(node.server.pid())?;
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

fn of(pid: u32) -> anyhow::Result<Duration> {
    Ok(Duration::from_micros(Usage::of(pid)?.ticks * Usage::MICROS_PER_TICK))
}

/// The first process with what its ended children took, and its children: one for each session.
fn of_postgres(cluster: &Cluster) -> anyhow::Result<Duration> {
    let first = cluster.sql("postgres", "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")?;
    let first: u32 = first.trim().parse()?;
    let mut ticks = Stat::of(first).context("PostgreSQL has ended")?.all;
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // It may have ended in the meantime.
        ticks += Stat::of(pid).filter(|stat| stat.parent == first).map_or(0, |stat| stat.all);
    }
    Ok(Duration::from_micros(ticks * Usage::MICROS_PER_TICK))
}

/// Fields 4 and 14 to 17 of `/proc/PID/stat` (`man 5 proc`).
struct Stat {
    parent: u32,
    /// Ticks of itself and of its children that have ended.
    all: u64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field, the name in brackets, may hold blanks itself.
        let (_, rest) = text.rsplit_once(')')?;
        let mut fields = rest.split_whitespace().skip(1);
        let parent = fields.next()?.parse().ok()?;
        let all = fields.skip(9).take(4).map_while(|field| field.parse::<u64>().ok()).sum();
        Some(Self { parent, all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_parent_and_no_less_time_than_testkit_says() {
        let stat = Stat::of(std::process::id()).unwrap();
        assert_eq!(stat.parent, std::os::unix::process::parent_id());
        let before = Usage::of(std::process::id()).unwrap().ticks;
        assert!(Stat::of(std::process::id()).unwrap().all >= before);
    }
}
