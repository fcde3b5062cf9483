//! The processor time of processes that others have started.

use std::fs;
use std::time::Duration;

use anyhow::Context;
use keyholt_testkit::Usage;
use keyholt_testkit::postgres::Cluster;

/// The processor time of a process so far, user and system.
///
/// # Errors
/// When there is no such process.
pub(crate) fn time_of(pid: u32) -> anyhow::Result<Duration> {
    Ok(Duration::from_micros(Usage::of(pid)?.ticks * Usage::MICROS_PER_TICK))
}

/// The first process of a PostgreSQL server.
///
/// # Errors
/// When it does not run.
pub(crate) fn first_process(cluster: &Cluster) -> anyhow::Result<u32> {
    let first = cluster.sql("postgres", "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")?;
    Ok(first.trim().parse()?)
}

/// The processor time so far of a process, its children, and those that have ended: PostgreSQL has one for each
/// session.
///
/// # Errors
/// When it has ended.
pub(crate) fn time_of_family(first: u32) -> anyhow::Result<Duration> {
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
