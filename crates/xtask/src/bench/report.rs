//! The figures, as tables for people or JSON for programs.

use serde_json::{Value, json};

use super::footprint::Footprint;
use super::rounds::Series;
use crate::measure::{Measured, Spread};

/// One of the figures of a measurement.
type Figure = fn(&Measured) -> f64;

/// All figures.
#[derive(Default)]
pub(super) struct Report {
    /// The size of the binary, in bytes.
    pub(super) binary: u64,
    /// What it takes without load.
    pub(super) footprints: Vec<Footprint>,
    /// What it does under load.
    pub(super) series: Vec<Series>,
}

impl Report {
    /// Prints it.
    ///
    /// # Errors
    /// Never for figures; the signature is the caller's.
    pub(super) fn print(&self, as_json: bool) -> anyhow::Result<()> {
        if as_json {
            println!("{}", serde_json::to_string_pretty(&self.json())?);
        } else {
            self.print_tables();
        }
        Ok(())
    }

    fn print_tables(&self) {
        println!("The limit for one API key is off (--limits-per-api-key 0): all of the load comes with one.");
        println!("binary {:.1} MB", megabytes(self.binary));
        println!("\n{:>9} {:>26} {:>10} {:>11}", "stored", "start to ready, ms", "idle, MB", "loaded, MB");
        for footprint in &self.footprints {
            let start = format!(
                "{:.1} ({:.1}-{:.1})",
                footprint.start.median, footprint.start.least, footprint.start.most
            );
            let loaded = footprint.after_load.map_or(String::new(), |bytes| format!("{:.1}", megabytes(bytes)));
            println!("{:>9} {start:>26} {:>10.1} {loaded:>11}", footprint.stored, megabytes(footprint.idle));
        }
        println!(
            "\n{:<15} {:>8} {:>4} {:>9} {:>8} {:>8} {:>8} {:>9} {:>18} {:>18}",
            "operation",
            "stored",
            "c",
            "req/s",
            "p50 us",
            "p99 us",
            "CPU us",
            "ceiling/s",
            "rate to ceiling",
            "CPU to ceiling"
        );
        for series in &self.series {
            let ours = |figure: Figure| Spread::of(series.rounds.iter().map(|(_, ours)| figure(ours))).median;
            println!(
                "{:<15} {:>8} {:>4} {:>9.0} {:>8.1} {:>8.1} {:>8.2} {:>9.0} {:>18} {:>18}",
                series.kind.name(),
                series.stored,
                series.connections,
                ours(|figures| figures.rate),
                ours(|figures| figures.p50),
                ours(|figures| figures.p99),
                ours(|figures| figures.cpu),
                Spread::of(series.rounds.iter().map(|(most, _)| most.rate)).median,
                series.ratio(|figures| figures.rate),
                series.ratio(|figures| figures.cpu),
            );
        }
    }

    fn json(&self) -> Value {
        let footprint = |footprint: &Footprint| json!({ "stored": footprint.stored, "start_ms": footprint.start.json(), "idle_bytes": footprint.idle, "loaded_bytes": footprint.after_load });
        json!({
            "binary_bytes": self.binary,
            "limits_per_api_key": 0,
            "footprints": self.footprints.iter().map(footprint).collect::<Vec<_>>(),
            "series": self.series.iter().map(Series::json).collect::<Vec<_>>(),
        })
    }
}

impl Series {
    /// A figure of the server to the ceiling's, each round's for itself.
    fn ratio(&self, figure: Figure) -> Spread {
        Spread::of(self.rounds.iter().map(|(most, ours)| figure(ours) / figure(most)))
    }

    fn json(&self) -> Value {
        let figures: [(&str, Figure); 4] =
            [("rate", |m| m.rate), ("p50_us", |m| m.p50), ("p99_us", |m| m.p99), ("cpu_us", |m| m.cpu)];
        let mut object = json!({
            "operation": self.kind.name(), "stored": self.stored, "connections": self.connections,
            "rate_to_ceiling": self.ratio(|m| m.rate).json(), "cpu_to_ceiling": self.ratio(|m| m.cpu).json(),
        });
        if let Some(object) = object.as_object_mut() {
            for (name, figure) in figures {
                object.insert(
                    name.to_owned(),
                    Spread::of(self.rounds.iter().map(|(_, ours)| figure(ours))).json(),
                );
                object.insert(
                    format!("ceiling_{name}"),
                    Spread::of(self.rounds.iter().map(|(most, _)| figure(most))).json(),
                );
            }
        }
        object
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
