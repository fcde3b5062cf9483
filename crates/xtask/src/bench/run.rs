//! All of it, in order.

use std::path::Path;

use super::arguments::BenchArgs;
use super::footprint::Footprint;
use super::operation::Kind;
use super::report::Report;
use super::rounds::measure;
use super::{ceiling, footprint};
use crate::measure::{Program, again_optimised, build_server, fill, now};

/// Measures the server beside the ceiling and prints the figures.
///
/// # Errors
/// When something does not build, start, or answer with 200.
pub(crate) fn run(root: &Path, arguments: &BenchArgs) -> anyhow::Result<()> {
    if arguments.ceiling {
        return ceiling::serve();
    }
    if cfg!(debug_assertions) {
        return again_optimised(root, "bench", &arguments.words());
    }
    let binary = build_server(root)?;
    let mut report = Report { binary: std::fs::metadata(&binary)?.len(), ..Report::default() };
    let ceiling = Program::ceiling()?;
    report.footprints.push(footprint_of_empty(&binary)?);
    for stored in &arguments.stored {
        let folder = tempfile::Builder::new().prefix("keyholt-bench-").tempdir()?;
        let data_dir = folder.path().join("data");
        let keyholt = Program::keyholt(&binary, &data_dir)?;
        let start = now();
        fill(keyholt.address, *stored)?;
        eprintln!("{stored} secrets imported in {:.1} s", start.elapsed().as_secs_f64());
        keyholt.stop()?;
        let mut footprint = footprint::of(&binary, &data_dir, *stored)?;
        let keyholt = Program::keyholt(&binary, &data_dir)?;
        // Creates come last, since they make the store larger.
        for kinds in [[Kind::Find, Kind::List].as_slice(), &[Kind::Create]] {
            report.series.extend(measure(arguments, &ceiling, &keyholt, *stored, kinds)?);
        }
        footprint.after_load = Some(keyholt.resident()?);
        report.footprints.push(footprint);
        keyholt.stop()?;
    }
    report.print(arguments.json)
}

fn footprint_of_empty(binary: &Path) -> anyhow::Result<Footprint> {
    let folder = tempfile::Builder::new().prefix("keyholt-bench-").tempdir()?;
    let data_dir = folder.path().join("data");
    Program::keyholt(binary, &data_dir)?.stop()?;
    footprint::of(binary, &data_dir, 0)
}
