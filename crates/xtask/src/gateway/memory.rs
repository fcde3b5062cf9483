//! What memory the gateway takes as requests add up.

use std::time::Duration;

use anyhow::ensure;

use super::requests::Chats;
use super::setting::Setting;
use crate::measure::{Volume, load};

/// Connections that ask at a time.
const CONNECTIONS: usize = 32;
/// The longest that the requests up to one reading may take.
const LONGEST: Duration = Duration::from_secs(600);

/// The memory after so many requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// How many requests had been answered.
    pub(super) requests: u64,
    /// The memory then, in bytes (`VmRSS`).
    pub(super) resident: u64,
}

/// Reads the memory of a gateway that has just started, and after each of these numbers of requests, a tenth of them
/// streamed.
///
/// # Errors
/// When the server fails, refuses, or takes longer than ten minutes up to a reading.
pub(super) fn read(setting: &Setting, after: &[u64]) -> anyhow::Result<Vec<Reading>> {
    let mut sorted = after.to_vec();
    sorted.sort_unstable();
    let mut requests = 0;
    let mut readings = vec![Reading { requests, resident: setting.keyholt.resident()? }];
    for wanted in sorted {
        let each = wanted.saturating_sub(requests).div_ceil(CONNECTIONS as u64);
        if each == 0 {
            continue;
        }
        let volume = Volume { connections: CONNECTIONS, time: LONGEST, per_second: None };
        let loaded = load(setting.through.address, volume, |_| Chats::counted(&setting.through, each))?;
        let answered = loaded.without_refusals()?.latencies.len() as u64;
        ensure!(answered == each * CONNECTIONS as u64, "only {answered} requests in ten minutes");
        requests += answered;
        readings.push(Reading { requests, resident: setting.keyholt.resident()? });
    }
    Ok(readings)
}
