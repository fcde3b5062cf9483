//! The figures, as tables for people or JSON for programs.

use serde_json::{Value, json};

use super::arguments::GatewayArgs;
use super::delays::Delays;
use super::memory::Reading;
use super::rounds::{DelayRounds, Series};
use crate::measure::{Measured, Spread};

/// One of the figures of a measurement.
type Figure = fn(&Measured) -> f64;
/// One of the figures of delays.
type DelayFigure = fn(&Delays) -> f64;
/// The delays of one way in a round.
type Of = fn(&(Delays, Delays)) -> &Delays;

/// All figures.
pub(super) struct Report<'a> {
    /// How much was measured.
    pub(super) arguments: &'a GatewayArgs,
    /// What it does under load.
    pub(super) series: &'a [Series],
    /// The delay of chunks, directly and through the gateway.
    pub(super) delays: &'a DelayRounds,
    /// The gateway's memory.
    pub(super) memory: &'a [Reading],
}

impl Report<'_> {
    /// Prints it.
    ///
    /// # Errors
    /// Never for figures; the signature is the caller's.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        if self.arguments.json {
            println!("{}", serde_json::to_string_pretty(&self.json())?);
        } else {
            self.print_series();
            self.print_delays();
            self.print_memory();
        }
        Ok(())
    }

    fn print_series(&self) {
        let GatewayArgs { rounds, secs, stored, .. } = self.arguments;
        let cores = processors();
        println!(
            "Chat completions over loopback in plain HTTP, directly from a provider of ours and through the gateway, in\n\
             turns: {rounds} rounds of {secs} s each, medians, in parentheses the least and the most of a round.\n\
             {cores} processors for load, gateway and provider together; {stored} other secrets stored. CPU is the\n\
             gateway's for one request. The limit for one API key is off (--limits-per-api-key 0).\n"
        );
        println!(
            "{:<7} {:>4} {:>9} {:>10} {:>18} {:>10} {:>9} {:>26} {:>10} {:>9} {:>8}",
            "answer",
            "c",
            "direct/s",
            "gateway/s",
            "rate to direct",
            "direct p50",
            "p50 us",
            "added p50 us",
            "direct p99",
            "p99 us",
            "CPU us"
        );
        for series in self.series {
            let direct =
                |figure: Figure| Spread::of(series.rounds.iter().map(|(direct, _)| figure(direct))).median;
            let through =
                |figure: Figure| Spread::of(series.rounds.iter().map(|(_, through)| figure(through))).median;
            println!(
                "{:<7} {:>4} {:>9.0} {:>10.0} {:>18} {:>10.1} {:>9.1} {:>26} {:>10.1} {:>9.1} {:>8.1}",
                series.shape.name(),
                series.connections,
                direct(|figures| figures.rate),
                through(|figures| figures.rate),
                series.rate_to_direct(),
                direct(|figures| figures.p50),
                through(|figures| figures.p50),
                whole_numbers(series.added(|figures| figures.p50)),
                direct(|figures| figures.p99),
                through(|figures| figures.p99),
                through(|figures| figures.cpu),
            );
        }
    }

    fn print_delays(&self) {
        let rate = self.arguments.chunk_rate;
        println!("\nThe delay of a chunk of a stream, us, at {rate} chunks a second of 32 streams:");
        println!("{:<8} {:>9} {:>22} {:>22} {:>22} {:>8}", "way", "chunks/s", "p50", "p99", "most", "CPU us");
        for (name, way) in WAYS {
            let of = |figure: DelayFigure| Spread::of(self.delays.iter().map(|round| figure(way(round))));
            println!(
                "{name:<8} {:>9.0} {:>22} {:>22} {:>22} {:>8.1}",
                of(|delays| delays.rate).median,
                whole_numbers(of(|delays| delays.p50)),
                whole_numbers(of(|delays| delays.p99)),
                whole_numbers(of(|delays| delays.most)),
                of(|delays| delays.cpu).median,
            );
        }
        let (p50, p99) = (self.added_delay(|delays| delays.p50), self.added_delay(|delays| delays.p99));
        println!("added to the p50: {}, to the p99: {}", whole_numbers(p50), whole_numbers(p99));
    }

    fn print_memory(&self) {
        println!(
            "\n{:>9} {:>11}   (a server that has just started; a tenth of the requests streamed)",
            "requests", "memory, MB"
        );
        for reading in self.memory {
            println!("{:>9} {:>11.1}", reading.requests, reading.resident as f64 / 1e6);
        }
    }

    /// What the gateway adds to a figure of delays, each round's for itself.
    fn added_delay(&self, figure: DelayFigure) -> Spread {
        Spread::of(self.delays.iter().map(|(direct, through)| figure(through) - figure(direct)))
    }

    fn json(&self) -> Value {
        let delays = |way: Of| self.delays.iter().map(|round| way(round).json()).collect::<Vec<_>>();
        let reading =
            |reading: &Reading| json!({ "requests": reading.requests, "resident_bytes": reading.resident });
        let [(direct, of_direct), (through, of_through)] = WAYS;
        json!({
            "processors": processors(),
            "limits_per_api_key": 0,
            "stored": self.arguments.stored,
            "series": self.series.iter().map(Series::json).collect::<Vec<_>>(),
            "chunk_delays": {
                "asked_per_second": self.arguments.chunk_rate,
                direct: delays(of_direct),
                through: delays(of_through),
                "added_p50_us": self.added_delay(|delays| delays.p50).json(),
                "added_p99_us": self.added_delay(|delays| delays.p99).json(),
            },
            "memory": self.memory.iter().map(reading).collect::<Vec<_>>(),
        })
    }
}

/// Both ways, by their names.
const WAYS: [(&str, Of); 2] = [("direct", |(direct, _)| direct), ("gateway", |(_, through)| through)];

impl Series {
    fn rate_to_direct(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|(direct, through)| through.rate / direct.rate))
    }

    /// What the gateway adds to a figure, each round's for itself.
    fn added(&self, figure: Figure) -> Spread {
        Spread::of(self.rounds.iter().map(|(direct, through)| figure(through) - figure(direct)))
    }

    fn json(&self) -> Value {
        let figures: [(&str, Figure); 4] =
            [("rate", |m| m.rate), ("p50_us", |m| m.p50), ("p99_us", |m| m.p99), ("cpu_us", |m| m.cpu)];
        let mut object = json!({
            "answer": self.shape.name(), "connections": self.connections,
            "rate_to_direct": self.rate_to_direct().json(),
            "added_p50_us": self.added(|m| m.p50).json(), "added_p99_us": self.added(|m| m.p99).json(),
        });
        if let Some(object) = object.as_object_mut() {
            for (name, figure) in figures {
                let through = Spread::of(self.rounds.iter().map(|(_, through)| figure(through)));
                let direct = Spread::of(self.rounds.iter().map(|(direct, _)| figure(direct)));
                object.insert(name.to_owned(), through.json());
                object.insert(format!("direct_{name}"), direct.json());
            }
        }
        object
    }
}

/// As a spread prints, without what is behind the point.
fn whole_numbers(spread: Spread) -> String {
    format!("{:.0} ({:.0}-{:.0})", spread.median, spread.least, spread.most)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
