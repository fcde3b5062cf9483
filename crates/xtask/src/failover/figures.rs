//! What the rounds come to.

use std::time::Duration;

/// The figures of rounds of one kind.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// How many rounds there were.
    pub(super) rounds: usize,
    /// Writes that were answered with 200; all are there.
    pub(super) acknowledged: usize,
    /// Values that were opened and compared.
    pub(super) revealed: usize,
    /// Writes whose outcome was unknown and that were done, and such that were not.
    pub(super) unknown: (usize, usize),
    /// Writes that were refused for now.
    pub(super) refused: usize,
    /// From the order to the standby to take over to the end of its promotion.
    pub(super) promotions: Vec<Duration>,
    /// From that order to the first acknowledged write, of each node.
    pub(super) writes: Vec<Duration>,
    /// From that order to the first answered read, of each node.
    pub(super) reads: Vec<Duration>,
}

impl Figures {
    /// For people.
    pub(super) fn print(&mut self, kind: &str) {
        if self.rounds == 0 {
            return;
        }
        println!(
            "\n{kind} {} times under load: {} acknowledged writes, 0 lost, 0 half-written, {} values opened",
            self.rounds, self.acknowledged, self.revealed
        );
        println!(
            "{} unknown outcomes ({} turned out done, {} not), {} writes refused for now",
            self.unknown.0 + self.unknown.1,
            self.unknown.0,
            self.unknown.1,
            self.refused
        );
        println!("{:<46} {:>9} {:>9}", "from the order to promote", "median s", "max s");
        for (name, times) in [
            ("until PostgreSQL says that it is promoted", &mut self.promotions),
            ("until a node acknowledges its first write", &mut self.writes),
            ("until a node answers its first read", &mut self.reads),
        ] {
            times.sort_unstable();
            let median = times.get(times.len() / 2).copied().unwrap_or_default();
            let most = times.last().copied().unwrap_or_default();
            println!("{name:<46} {:>9.2} {:>9.2}", median.as_secs_f64(), most.as_secs_f64());
        }
    }
}
