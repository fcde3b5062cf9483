//! The figures as Markdown.

use std::fmt::Write;

use super::cell::{Cell, Entry};
use super::figures::Figures;
use super::numbers::{figure, maybe, megabytes, spread, thousands};
use super::results::Results;
use crate::measure::Spread;

/// On what it was measured, and how.
pub(super) fn setting(results: &Results) -> String {
    let machine = &results.machine;
    let (rounds, secs) = results.rounds;
    format!(
        "{} ({} processors, {:.0} GB of memory, Linux {}), commit {}, `{}`: medians of {rounds} rounds of {secs} s, in parentheses \
         the least and the most of a round. One sync of this disk takes {} µs. The binary has {:.1} MB. The limit for one API key is off \
         (`--limits-per-api-key 0`), since all of the load comes with one.\n",
        machine.model,
        machine.processors,
        machine.memory as f64 / 1e9,
        machine.kernel,
        machine.commit,
        results.command,
        spread(results.sync()),
        megabytes(results.binary),
    )
}

/// All operations in a closed loop.
pub(super) fn operations(results: &Results) -> String {
    let mut text = String::from(
        "| operation | c | server | stored | requests/s | p50 µs | p99 µs | p99.9 µs | server CPU µs | database CPU µs | load CPU µs | rate to first | CPU to first |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for cell in results.cells.iter().filter(|cell| cell.per_second.is_none()) {
        for entry in &cell.entries {
            line(&mut text, &operation(cell, entry));
        }
    }
    text
}

fn operation(cell: &Cell, entry: &Entry) -> Vec<String> {
    let of = |figures: fn(&Figures) -> Option<f64>| {
        maybe(entry.spread(figures), |found: Spread| figure(found.median))
    };
    let to_first = |figures: fn(&Figures) -> Option<f64>| {
        let first = cell.baseline().filter(|first| first.server != entry.server);
        maybe(first.and_then(|first| entry.ratio(first, figures)), spread)
    };
    let mut fields = head(cell, entry);
    if let Some(why) = &entry.left_out {
        fields.push(format!("left out: {why}"));
        fields.extend(std::iter::repeat_n(String::new(), 8));
        return fields;
    }
    fields.extend([
        of(|figures| Some(figures.rate)),
        of(|figures| Some(figures.p50)),
        of(|figures| Some(figures.p99)),
        of(|figures| Some(figures.p999)),
        of(|figures| figures.cpu),
        of(|figures| figures.database),
        of(|figures| Some(figures.load)),
        to_first(|figures| Some(figures.rate)),
        to_first(|figures| figures.cpu),
    ]);
    fields
}

/// Latency at a constant rate.
pub(super) fn steady(results: &Results) -> String {
    let mut text = String::from(
        "| operation | c | server | stored | requests/s | p50 µs | p99 µs | p99.9 µs |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for cell in results.cells.iter().filter(|cell| cell.per_second.is_some()) {
        for entry in &cell.entries {
            let mut fields = head(cell, entry);
            let of = |figures: fn(&Figures) -> f64| {
                maybe(entry.spread(|found| Some(figures(found))), |found| figure(found.median))
            };
            let all = |figures: fn(&Figures) -> f64| maybe(entry.spread(|found| Some(figures(found))), spread);
            match &entry.left_out {
                Some(why) => {
                    fields.extend([format!("left out: {why}"), String::new(), String::new(), String::new()])
                }
                None => fields.extend([
                    of(|found| found.rate),
                    all(|found| found.p50),
                    all(|found| found.p99),
                    all(|found| found.p999),
                ]),
            }
            line(&mut text, &fields);
        }
    }
    text
}

fn head(cell: &Cell, entry: &Entry) -> Vec<String> {
    let stored = if entry.stored == 0 { String::new() } else { thousands(entry.stored as f64) };
    vec![cell.kind.name().to_owned(), cell.connections.to_string(), entry.server.name().to_owned(), stored]
}

/// Memory and starts.
pub(super) fn footprints(results: &Results) -> String {
    let mut text = String::from(
        "| server | stored | start to ready, ms | idle, MB | after the load, MB |\n| --- | --- | --- | --- | --- |\n",
    );
    for found in &results.footprints {
        line(
            &mut text,
            &[
                found.server.name().to_owned(),
                if found.stored == 0 { "nothing".to_owned() } else { thousands(found.stored as f64) },
                spread(found.start),
                figure(megabytes(found.idle)),
                maybe(found.after_load, |bytes| figure(megabytes(bytes))),
            ],
        );
    }
    if let Some((requests, resident)) = results.worked {
        let _written = writeln!(
            text,
            "\nAfter {} requests since its start, on SQLite: {:.1} MB.",
            thousands(requests as f64),
            megabytes(resident)
        );
    }
    text
}

/// The delay of chunks of a stream.
pub(super) fn delays(results: &Results) -> String {
    let mut text = String::from("| way | chunks/s | p50 µs | p99 µs |\n| --- | --- | --- | --- |\n");
    for (name, is_through) in [("provider, directly", false), ("Keyholt's gateway", true)] {
        let of = |figure: fn(&crate::gateway::Delays) -> f64| {
            Spread::of(
                results
                    .delays
                    .iter()
                    .map(|(direct, through)| figure(if is_through { through } else { direct })),
            )
        };
        line(
            &mut text,
            &[
                name.to_owned(),
                figure(of(|delays| delays.rate).median),
                spread(of(|delays| delays.p50)),
                spread(of(|delays| delays.p99)),
            ],
        );
    }
    text
}

/// Those of ours whose requests cost the load more than the server, so that the load is what was measured.
pub(super) fn overtaxed(results: &Results) -> Vec<String> {
    let mut found = Vec::new();
    for cell in results.cells.iter().filter(|cell| cell.per_second.is_none()) {
        for entry in &cell.entries {
            let server = |figures: &Figures| Some(figures.cpu.unwrap_or(0.0) + figures.database.unwrap_or(0.0));
            let load = entry.spread(|figures| Some(figures.load));
            if let Some((load, server)) = load.zip(entry.spread(server))
                && load.median > server.median
                && server.median > 0.0
            {
                found.push(format!("{}, {}, c={}", cell.kind.name(), entry.server.name(), cell.connections));
            }
        }
    }
    found.dedup();
    found
}

fn line(text: &mut String, fields: &[String]) {
    // Writing to memory does not fail.
    let _written = writeln!(text, "| {} |", fields.join(" | "));
}
