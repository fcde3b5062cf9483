//! What the server takes without any load: memory, time to start.

use std::time::Duration;

use super::cell::Server;
use crate::measure::{Program, Spread};

/// How often a start is timed.
const STARTS: usize = 7;

/// What the server takes with so many secrets.
pub(super) struct Footprint {
    /// On which database.
    pub(super) server: Server,
    /// How many secrets are stored.
    pub(super) stored: u64,
    /// From the start of the process to its saying that it listens, in milliseconds.
    pub(super) start: Spread,
    /// Its memory then, in bytes.
    pub(super) idle: u64,
    /// Its memory after all measurements, in bytes; none when there were none.
    pub(super) after_load: Option<u64>,
}

/// Starts and stops the server on a store that it has been on before.
///
/// # Errors
/// When it does not start or ends badly.
pub(super) fn of(
    server: Server,
    stored: u64,
    start: impl Fn() -> anyhow::Result<Program>,
) -> anyhow::Result<Footprint> {
    let mut starts = Vec::new();
    let mut idle = 0;
    for _ in 0..STARTS {
        let program = start()?;
        starts.push(program.started_in);
        idle = program.resident()?;
        program.stop()?;
    }
    let start = Spread::of(starts.iter().map(Duration::as_secs_f64).map(|seconds| seconds * 1e3));
    Ok(Footprint { server, stored, start, idle, after_load: None })
}
