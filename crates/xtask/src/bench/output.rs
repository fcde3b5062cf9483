//! Where the figures go: to the terminal, and into the files that were asked for.

use std::fs;
use std::path::Path;

use anyhow::ensure;

use super::arguments::BenchArgs;
use super::bars::{self, Bar};
use super::results::Results;
use super::{chart, document, json, tables};

/// Prints and writes them.
///
/// # Errors
/// When a file cannot be written, and when a bar is missed that was asked for.
pub(super) fn output(root: &Path, arguments: &BenchArgs, results: &Results) -> anyhow::Result<()> {
    let bars = bars::bars(results);
    println!("{}", markdown(results, arguments.bars.then_some(bars.as_slice())));
    for who in tables::overtaxed(results) {
        eprintln!("the load took more than the server: {who}");
    }
    if let Some(file) = &arguments.json {
        fs::write(root.join(file), serde_json::to_string_pretty(&json::json(results))?)?;
    }
    let picture = chart::svg(results);
    if let Some(file) = &arguments.svg {
        fs::write(root.join(file), &picture)?;
    }
    if let Some(file) = &arguments.write {
        document::write(&root.join(file), &markdown(results, Some(&bars)), &picture)?;
    }
    let missed = bars.iter().filter(|bar| bar.is_missed()).count();
    ensure!(!arguments.bars || missed == 0, "{missed} of {} bars are missed", bars.len());
    Ok(())
}

fn markdown(results: &Results, bars: Option<&[Bar]>) -> String {
    let mut parts = vec![tables::setting(results)];
    parts.extend(bars.map(|bars| format!("### Bars\n\n{}", bars::table(bars))));
    let is_steady = results.cells.iter().any(|cell| cell.per_second.is_some());
    if results.cells.iter().any(|cell| cell.per_second.is_none()) {
        parts.push(format!("### Closed loop\n\n{}", tables::operations(results)));
    }
    if is_steady {
        parts.push(format!("### Constant rate\n\n{}", tables::steady(results)));
    }
    if !results.delays.is_empty() {
        parts.push(format!("### Delay of a chunk of a stream\n\n{}", tables::delays(results)));
    }
    parts.push(format!("### At rest\n\n{}", tables::footprints(results)));
    parts.join("\n")
}
