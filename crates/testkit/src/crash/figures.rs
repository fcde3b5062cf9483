//! What kills come to.

use std::time::Duration;

/// The figures of a run.
#[derive(Clone, Debug, Default)]
pub struct CrashFigures {
    /// Kills under load.
    pub kills: u64,
    /// Of these, such with writes that were sent and not answered.
    pub with_writes_in_flight: u64,
    /// Kills beside these, while the server started on what a kill had left.
    pub while_starting: u64,
    /// Writes that were answered with 200; all are there.
    pub acknowledged: usize,
    /// Writes that were in flight, and how many of them turned out done.
    pub in_flight: (usize, usize),
    /// Values that were opened and compared.
    pub revealed: usize,
    /// From the start of the process to its listening, after each kill.
    pub starts: Vec<Duration>,
}

impl CrashFigures {
    /// The share of kills with writes in flight, in percent.
    #[must_use]
    pub fn share_in_flight(&self) -> u64 {
        (self.with_writes_in_flight * 100).checked_div(self.kills).unwrap_or(0)
    }

    /// For people, in a few lines.
    #[must_use]
    pub fn text(&self) -> String {
        let mut starts = self.starts.clone();
        starts.sort_unstable();
        let median = starts.get(starts.len() / 2).copied().unwrap_or_default();
        let most = starts.last().copied().unwrap_or_default();
        format!(
            "kill -9 at {} random moments during {} acknowledged writes ({} more while starting again): 0 lost, \
             0 half-written, 0 resurrected, 0 undecryptable\n\
             {} % of the kills with writes in flight: {} writes, of which {} turned out done\n\
             {} values opened; audit log: 0 missing, 0 extra, 0 doubled, every chain whole\n\
             ready again in {} ms (median), {} ms (max)",
            self.kills,
            self.acknowledged,
            self.while_starting,
            self.share_in_flight(),
            self.in_flight.0,
            self.in_flight.1,
            self.revealed,
            median.as_millis(),
            most.as_millis()
        )
    }
}
