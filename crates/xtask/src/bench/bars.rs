//! What design/performance.md asks for, and what was measured of it.

use std::fmt::Write;

use super::cell::{Entry, Server};
use super::figures::Figures;
use super::numbers::{figure, maybe, spread, thousands};
use super::operation::Kind;
use super::results::Results;
use crate::measure::Spread;

/// At so many connections the bars are.
const MANY: usize = 32;

/// One thing that is asked for.
pub(super) struct Bar {
    what: String,
    measured: Option<Spread>,
    ask: Ask,
}

/// How much.
#[derive(Clone, Copy)]
enum Ask {
    /// No more than this; and better than that.
    AtMost(f64, f64),
    /// No less than this; and better than that.
    AtLeast(f64, f64),
}

/// Whether it was reached: by the median of the rounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Better,
    Met,
    Missed,
    NotMeasured,
}

impl Bar {
    fn new(what: impl Into<String>, measured: Option<Spread>, ask: Ask) -> Self {
        Self { what: what.into(), measured, ask }
    }

    fn verdict(&self) -> Verdict {
        let Some(measured) = self.measured.map(|measured| measured.median) else { return Verdict::NotMeasured };
        let (is_met, is_better) = match self.ask {
            Ask::AtMost(bar, stretch) => (measured <= bar, measured <= stretch),
            Ask::AtLeast(bar, stretch) => (measured >= bar, measured >= stretch),
        };
        match (is_met, is_better) {
            (_, true) => Verdict::Better,
            (true, false) => Verdict::Met,
            (false, false) => Verdict::Missed,
        }
    }

    /// Whether it was measured and not reached.
    pub(super) fn is_missed(&self) -> bool {
        self.verdict() == Verdict::Missed
    }
}

/// All of them.
pub(super) fn bars(results: &Results) -> Vec<Bar> {
    let mut bars = requests(results);
    bars.extend(gateway(results));
    bars.extend(postgres(results));
    bars.extend(footprints(results));
    bars.extend(growth(results));
    bars
}

fn requests(results: &Results) -> Vec<Bar> {
    let (fewest, most) = results.stored;
    let ours = |kind, connections| results.entry(kind, connections, &Server::Sqlite, fewest);
    let rate = |kind| ours(kind, MANY).and_then(|entry| entry.spread(rate_of));
    let to = |kind, server: &Server, figure: fn(&Figures) -> Option<f64>| {
        ours(kind, MANY)?.ratio(results.entry(kind, MANY, server, 0)?, figure)
    };
    let (few, many) = (thousands(fewest as f64), thousands(most as f64));
    let at_most = || results.entry(Kind::List, MANY, &Server::Sqlite, most);
    let list = at_most().zip(ours(Kind::List, MANY)).and_then(|(most, fewest)| most.ratio(fewest, rate_of));
    let syncs = ours(Kind::Create, 1).and_then(|entry| per_sync(entry, &results.syncs));
    vec![
        Bar::new(
            format!("get by id, server CPU to the bare handler's, c=32, {few} stored"),
            to(Kind::Get, &Server::Ceiling, |figures| figures.cpu),
            Ask::AtMost(3.0, 2.0),
        ),
        Bar::new(
            format!("get by id, requests/s to the bare handler's, c=32, {few} stored"),
            to(Kind::Get, &Server::Ceiling, rate_of),
            Ask::AtLeast(0.45, 0.6),
        ),
        Bar::new("get by id, requests/s to OpenBao's (it speaks another API)", None, Ask::AtLeast(12.0, 20.0)),
        Bar::new(
            format!("list of 50, requests/s at {many} stored to {few}, c=32"),
            list,
            Ask::AtLeast(0.8, 1.0),
        ),
        Bar::new("list of 50, requests/s, c=32", rate(Kind::List), Ask::AtLeast(6_000.0, 12_000.0)),
        Bar::new("durable create, requests/s, c=32", rate(Kind::Create), Ask::AtLeast(12_000.0, 25_000.0)),
        Bar::new(
            "durable create, requests/s to PostgreSQL's with pgcrypto, c=32",
            to(Kind::Create, &Server::Pgcrypto, rate_of),
            Ask::AtLeast(1.2, 1.2),
        ),
        Bar::new("durable create, p50 to one sync of the disk, c=1", syncs, Ask::AtMost(2.0, 1.3)),
        Bar::new(
            format!("resolve, requests/s, c=32, {few} stored"),
            rate(Kind::Resolve),
            Ask::AtLeast(15_000.0, 30_000.0),
        ),
    ]
}

fn gateway(results: &Results) -> [Bar; 3] {
    let of = |server| results.entry(Kind::Chat, 1, server, 0);
    let added = of(&Server::Gateway).zip(of(&Server::Direct)).and_then(|(through, direct)| {
        through.compare(direct, |through, direct| Some(through.p50 - direct.p50))
    });
    let delays = results.delays.iter().map(|(direct, through)| (through.p99 - direct.p99) / 1e3);
    let delays = Some(Spread::of(delays)).filter(|_| !results.delays.is_empty());
    [
        Bar::new("gateway chat, p50 added to the provider's, µs, c=1", added, Ask::AtMost(150.0, 60.0)),
        Bar::new(
            "gateway chat, requests/s to the Braintrust proxy's, c=32 (it speaks another API)",
            None,
            Ask::AtLeast(10.0, 20.0),
        ),
        Bar::new(
            "gateway stream, p99 of a chunk's delay added, ms, 5,000 chunks/s",
            delays,
            Ask::AtMost(1.0, 0.3),
        ),
    ]
}

fn postgres(results: &Results) -> [Bar; 1] {
    let (fewest, _) = results.stored;
    let of = |server| results.entry(Kind::Get, MANY, server, fewest);
    let ratio =
        of(&Server::Postgres).zip(of(&Server::Driver)).and_then(|(ours, bare)| ours.ratio(bare, rate_of));
    [Bar::new(
        "PostgreSQL: get by id, requests/s to a bare driver's selects, c=32",
        ratio,
        Ask::AtLeast(0.7, 0.9),
    )]
}

fn footprints(results: &Results) -> Vec<Bar> {
    let (_, most) = results.stored;
    let of = |stored| {
        results.footprints.iter().find(|found| found.server == Server::Sqlite && found.stored == stored)
    };
    let bytes = |bytes: u64| Spread::of([bytes as f64 / 1e6].into_iter());
    let many = thousands(most as f64);
    let full = of(most).filter(|_| most > 0);
    let worked = results.worked.map_or(0, |(requests, _)| requests);
    vec![
        Bar::new(
            "memory idle, MB, nothing stored",
            of(0).map(|found| bytes(found.idle)),
            Ask::AtMost(25.0, 15.0),
        ),
        Bar::new(
            format!("memory, MB, {many} stored, after the load"),
            full.and_then(|found| found.after_load).map(bytes),
            Ask::AtMost(64.0, 32.0),
        ),
        Bar::new(
            format!("memory, MB, after {} requests", thousands(worked as f64)),
            results.worked.map(|(_, resident)| bytes(resident)),
            Ask::AtMost(64.0, 32.0),
        ),
        Bar::new(
            "start to ready, ms, nothing stored",
            of(0).map(|found| found.start),
            Ask::AtMost(100.0, 30.0),
        ),
        Bar::new(
            format!("start to ready, ms, {many} stored"),
            full.map(|found| found.start),
            Ask::AtMost(150.0, 50.0),
        ),
        Bar::new("binary, MB", Some(bytes(results.binary)), Ask::AtMost(25.0, 15.0)),
    ]
}

/// Of operations on one secret: the server's processor time with many stored to that with few.
fn growth(results: &Results) -> Vec<Bar> {
    let (fewest, most) = results.stored;
    let mut bars = Vec::new();
    for server in [Server::Sqlite, Server::Postgres] {
        for kind in [Kind::Get, Kind::Resolve, Kind::Update, Kind::Create] {
            let of = |stored| results.entry(kind, MANY, &server, stored);
            let ratio = of(most)
                .zip(of(fewest))
                .filter(|_| most > fewest)
                .and_then(|(many, few)| many.ratio(few, |figures| figures.cpu));
            let what = format!(
                "growth: {}, {}, server CPU at {} stored to {}, c=32",
                kind.name(),
                server.name(),
                thousands(most as f64),
                thousands(fewest as f64)
            );
            bars.push(Bar::new(what, ratio, Ask::AtMost(1.2, 1.05)));
        }
    }
    bars
}

#[expect(clippy::unnecessary_wraps, reason = "one of several figures, of which some may be missing")]
const fn rate_of(figures: &Figures) -> Option<f64> {
    Some(figures.rate)
}

/// The p50 of each round to that round's sync.
fn per_sync(entry: &Entry, syncs: &[f64]) -> Option<Spread> {
    let ratios: Vec<f64> = entry.rounds.iter().zip(syncs).map(|(figures, sync)| figures.p50 / sync).collect();
    Some(Spread::of(ratios.iter().copied())).filter(|_| !ratios.is_empty())
}

/// As a table in Markdown.
pub(super) fn table(bars: &[Bar]) -> String {
    let mut text = String::from("| what | measured | bar | stretch | |\n| --- | --- | --- | --- | --- |\n");
    for bar in bars {
        let (sign, least, stretch) = match bar.ask {
            Ask::AtMost(least, stretch) => ("≤", least, stretch),
            Ask::AtLeast(least, stretch) => ("≥", least, stretch),
        };
        let verdict = match bar.verdict() {
            Verdict::Better => "stretch met",
            Verdict::Met => "met",
            Verdict::Missed => "**missed**",
            Verdict::NotMeasured => "not measured",
        };
        // Writing to memory does not fail.
        let _written = writeln!(
            text,
            "| {} | {} | {sign} {} | {sign} {} | {verdict} |",
            bar.what,
            maybe(bar.measured, spread),
            figure(least),
            figure(stretch),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_met_by_the_median() {
        let of = |figures: [f64; 3], ask| Bar::new("a", Some(Spread::of(figures.into_iter())), ask).verdict();
        assert_eq!(of([2.9, 2.5, 9.0], Ask::AtMost(3.0, 2.0)), Verdict::Met);
        assert_eq!(of([3.1, 3.1, 0.1], Ask::AtMost(3.0, 2.0)), Verdict::Missed);
        assert_eq!(of([0.7, 0.7, 0.1], Ask::AtLeast(0.7, 0.9)), Verdict::Met);
        assert_eq!(of([0.6, 0.7, 0.1], Ask::AtLeast(0.7, 0.9)), Verdict::Missed);
        assert_eq!(of([0.95, 0.9, 0.9], Ask::AtLeast(0.7, 0.9)), Verdict::Better);
        assert_eq!(Bar::new("a", None, Ask::AtMost(1.0, 1.0)).verdict(), Verdict::NotMeasured);
        assert!(!Bar::new("a", None, Ask::AtMost(1.0, 1.0)).is_missed());
    }

    #[test]
    fn a_create_is_compared_with_the_sync_of_its_round() {
        let load = |_, _| Ok(crate::measure::Loaded::default());
        let mut entry = Entry::new(Server::Sqlite, 0, super::super::figures::Meter::default(), Box::new(load));
        entry.rounds.extend([100.0, 400.0].map(|p50| Figures { p50, ..Figures::default() }));
        let ratio = per_sync(&entry, &[50.0, 200.0]).unwrap();
        assert_eq!((ratio.least, ratio.most), (2.0, 2.0));
        assert_eq!(per_sync(&entry, &[]), None);
    }
}
