//! What Linux says of a process.

use std::fs;
use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a process uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Resident memory, in bytes (`VmRSS`).
    pub resident: u64,
    /// The most it ever was, in bytes (`VmHWM`).
    pub peak: u64,
    /// Processor time of all its threads, in clock ticks of 10 ms (`utime` + `stime`).
    pub ticks: u64,
    /// Its threads.
    pub threads: u64,
}

impl Usage {
    /// Microseconds in a tick: `CLK_TCK` is 100 on every Linux (`man 7 time`).
    pub const MICROS_PER_TICK: u64 = 10_000;

    /// Asks about a process.
    ///
    /// # Errors
    /// When there is no such process, or no `/proc`.
    pub fn of(pid: u32) -> io::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        Ok(Self {
            resident: field("VmRSS:").unwrap_or(0) * 1024,
            peak: field("VmHWM:").unwrap_or(0) * 1024,
            ticks: ticks_of(&stat).ok_or(io::ErrorKind::InvalidData)?,
            threads: field("Threads:").unwrap_or(0),
        })
    }
}

/// How often the threads that a process has now have gone to sleep by themselves, together
/// (`voluntary_ctxt_switches`).
///
/// # Errors
/// When there is no such process, or no `/proc`.
pub fn times_slept(pid: u32) -> io::Result<u64> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let status = fs::read_to_string(thread?.path().join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        sum += line.and_then(|count| count.trim().parse::<u64>().ok()).ok_or(io::ErrorKind::InvalidData)?;
    }
    Ok(sum)
}

/// Lets this process open as many files as it may; gives that number.
///
/// # Errors
/// When the system refuses.
pub fn raise_file_limit() -> io::Result<u64> {
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most })?;
    Ok(most.unwrap_or(u64::MAX))
}

/// Fields 14 and 15 of `/proc/PID/stat`; the second one, the name in brackets, may hold blanks itself.
fn ticks_of(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_brackets_does_not_shift_the_fields() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 31 11 12 13";
        assert_eq!(ticks_of(stat), Some(31 + 11));
    }

    #[test]
    fn this_process_has_slept() {
        let before = times_slept(std::process::id()).unwrap();
        // Nobody sends: it sleeps until the time is over.
        let (_sender, never) = std::sync::mpsc::channel::<()>();
        assert!(never.recv_timeout(std::time::Duration::from_millis(1)).is_err());
        assert!(times_slept(std::process::id()).unwrap() > before);
    }

    #[test]
    fn this_process_uses_memory() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.resident > 0 && usage.peak >= usage.resident && usage.threads > 0);
    }
}
