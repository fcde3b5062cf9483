//! One operation at one number of connections, and all who were asked for it.

use std::fmt;

use super::figures::{Figures, Meter};
use super::operation::Kind;
use crate::measure::{Loaded, Spread, Volume};

/// Asks so much of a server; the number tells this measurement from all others.
pub(super) type Load = Box<dyn Fn(Volume, u64) -> anyhow::Result<Loaded>>;

/// Who is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Server {
    /// The bare handler.
    Ceiling,
    /// Keyholt on the embedded database.
    Sqlite,
    /// Keyholt on PostgreSQL.
    Postgres,
    /// PostgreSQL itself, over a driver: the row that a get reads.
    Driver,
    /// PostgreSQL itself: a row with a value that pgcrypto seals.
    Pgcrypto,
    /// The provider of chat completions.
    Direct,
    /// The same through the gateway.
    Gateway,
    /// Another server.
    Peer(String),
}

impl Server {
    /// Its name in tables.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Ceiling => "bare handler",
            Self::Sqlite => "Keyholt, SQLite",
            Self::Postgres => "Keyholt, PostgreSQL",
            Self::Driver => "PostgreSQL, bare driver",
            Self::Pgcrypto => "PostgreSQL, pgcrypto",
            Self::Direct => "provider, directly",
            Self::Gateway => "Keyholt's gateway",
            Self::Peer(name) => name,
        }
    }
}

/// Why somebody was not measured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum LeftOut {
    /// One request takes so many milliseconds: the load would have to wait for minutes.
    Slow(u128),
    /// It does not answer as it should.
    Fails(String),
}

/// For tables.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slow(millis) => write!(f, "one request takes {millis} ms"),
            // A bar would end the field of a table.
            Self::Fails(why) => f.write_str(&why.replace('|', "/")),
        }
    }
}

/// One who is asked, and all rounds of it.
pub(super) struct Entry {
    /// Who.
    pub(super) server: Server,
    /// How many secrets were stored at first; zero where that says nothing.
    pub(super) stored: u64,
    /// Whose processor time counts.
    pub(super) meter: Meter,
    /// How it is asked.
    pub(super) load: Load,
    /// Each round's figures.
    pub(super) rounds: Vec<Figures>,
    /// Why it has none.
    pub(super) left_out: Option<LeftOut>,
}

impl Entry {
    /// One that has not been asked yet.
    pub(super) const fn new(server: Server, stored: u64, meter: Meter, load: Load) -> Self {
        Self { server, stored, meter, load, rounds: Vec::new(), left_out: None }
    }

    /// What was measured before it could be measured no more says nothing.
    pub(super) fn leave_out(&mut self, why: LeftOut) {
        self.rounds.clear();
        self.left_out = Some(why);
    }

    /// Whether it is a server of ours that does not answer as it should.
    pub(super) fn has_failed(&self) -> bool {
        let is_peer = matches!(self.server, Server::Peer(_));
        !is_peer && matches!(self.left_out, Some(LeftOut::Fails(_)))
    }

    /// A figure of all rounds; none where a round does not have it.
    pub(super) fn spread(&self, figure: impl Fn(&Figures) -> Option<f64>) -> Option<Spread> {
        let figures: Option<Vec<f64>> = self.rounds.iter().map(figure).collect();
        figures.filter(|figures| !figures.is_empty()).map(|figures| Spread::of(figures.into_iter()))
    }

    /// A figure to another's, each round's for itself.
    pub(super) fn ratio(&self, to: &Self, figure: impl Fn(&Figures) -> Option<f64>) -> Option<Spread> {
        // Processor time is counted in ticks, of which a short measurement may have none.
        self.compare(to, |ours, theirs| Some(figure(ours)? / figure(theirs)?).filter(|ratio| ratio.is_finite()))
    }

    /// What comes of each round's figures and another's of the same round.
    pub(super) fn compare(
        &self,
        to: &Self,
        figure: impl Fn(&Figures, &Figures) -> Option<f64>,
    ) -> Option<Spread> {
        let figures: Option<Vec<f64>> =
            self.rounds.iter().zip(&to.rounds).map(|(ours, theirs)| figure(ours, theirs)).collect();
        figures.filter(|figures| !figures.is_empty()).map(|figures| Spread::of(figures.into_iter()))
    }
}

/// One operation at one number of connections.
pub(super) struct Cell {
    /// What is asked for.
    pub(super) kind: Kind,
    /// How many connections ask at a time.
    pub(super) connections: usize,
    /// The constant rate, where it is one.
    pub(super) per_second: Option<u32>,
    /// Who is asked, the one whom all are compared with first.
    pub(super) entries: Vec<Entry>,
}

impl Cell {
    /// The one whom all are compared with.
    pub(super) fn baseline(&self) -> Option<&Entry> {
        self.entries.first()
    }

    /// One of those who are asked.
    pub(super) fn entry(&self, server: &Server, stored: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.server == *server && entry.stored == stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(rates: &[f64]) -> Entry {
        let mut entry =
            Entry::new(Server::Ceiling, 0, Meter::default(), Box::new(|_: Volume, _| Ok(Loaded::default())));
        entry.rounds.extend(rates.iter().map(|rate| Figures { rate: *rate, ..Figures::default() }));
        entry
    }

    #[test]
    fn a_ratio_is_of_the_same_round() {
        // A machine that is half as fast in the second round.
        let ratio = entry(&[50.0, 25.0]).ratio(&entry(&[100.0, 50.0]), |figures| Some(figures.rate));
        assert_eq!(ratio, Some(Spread { least: 0.5, median: 0.5, most: 0.5 }));
    }

    #[test]
    fn what_was_not_measured_has_no_figure() {
        assert_eq!(entry(&[]).spread(|figures| Some(figures.rate)), None);
        assert_eq!(entry(&[1.0]).spread(|figures| figures.cpu), None);
        assert_eq!(entry(&[1.0]).ratio(&entry(&[]), |figures| Some(figures.rate)), None);
        assert_eq!(entry(&[1.0]).ratio(&entry(&[0.0]), |figures| Some(figures.rate)), None);
    }
}
