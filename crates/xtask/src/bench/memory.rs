//! What memory the server takes after many requests.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;

use super::operation::{Asked, Door, Kind};
use crate::measure::{Program, Requests, Volume, load};

/// Connections that ask at a time.
const CONNECTIONS: usize = 32;
/// The longest that all requests may take.
const LONGEST: Duration = Duration::from_secs(1800);
/// The numbers of measurements never come here.
const RUN: u64 = 0x7FFF;

/// Gets, and one in fifty a list, one in fifty an update.
struct Mixed {
    get: Asked,
    list: Asked,
    update: Asked,
    left: u64,
}

impl Requests for Mixed {
    fn write_next(&mut self, to: &mut Vec<u8>) {
        match self.left % 50 {
            0 => self.list.write_next(to),
            25 => self.update.write_next(to),
            _ => self.get.write_next(to),
        }
        self.left = self.left.saturating_sub(1);
    }

    fn is_done(&self) -> bool {
        self.left == 0
    }
}

/// The memory, in bytes (`VmRSS`), of a server that has just started on this store and has then answered so many
/// requests.
///
/// # Errors
/// When it does not start, refuses, or takes longer than half an hour.
pub(super) fn after(binary: &Path, data_dir: &Path, stored: u64, requests: u64) -> anyhow::Result<u64> {
    let program = Program::keyholt(binary, data_dir)?;
    let door = Door::ours(program.address, stored);
    let left = requests.div_ceil(CONNECTIONS as u64);
    let mixed = |connection| {
        let of = |kind| door.requests(kind, RUN, connection);
        Mixed { get: of(Kind::Get), list: of(Kind::List), update: of(Kind::Update), left }
    };
    let volume = Volume { connections: CONNECTIONS, time: LONGEST, per_second: None };
    let answered = load(program.address, volume, mixed)?.without_refusals()?.latencies.len() as u64;
    ensure!(answered >= requests, "only {answered} requests in half an hour");
    let resident = program.resident()?;
    program.stop()?;
    Ok(resident)
}
