//! All of it, in order.

use std::path::Path;

use anyhow::ensure;

use super::arguments::{OverloadArgs, Part};
use super::bars::Bars;
use super::processors::{again_apart, server_apart};
use super::{idle, neighbour, surge};
use crate::measure::{Program, again_optimised, build_server};

/// Overloads the server and prints the figures.
///
/// # Errors
/// When something does not build or start, or a bar is missed.
pub(crate) fn run(root: &Path, arguments: &OverloadArgs) -> anyhow::Result<()> {
    if arguments.binary.is_none() && cfg!(debug_assertions) {
        let words: Vec<String> = std::env::args().skip(2).collect();
        return again_optimised(root, "overload", &words);
    }
    let binary = match &arguments.binary {
        Some(binary) => binary.clone(),
        None => build_server(root)?,
    };
    ensure!(binary.is_file(), "{} is no program", binary.display());
    if !arguments.apart {
        return again_apart();
    }
    let folder = tempfile::Builder::new().prefix("keyholt-overload-").tempdir()?;
    let apart = server_apart(&binary, folder.path())?;
    println!("The server has one processor and the load another; times count from when a request was due.");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut bars = Bars::default();
    for (part, options) in [
        (Part::Surge, ["--limits-per-org".to_owned(), "0".to_owned()]),
        (Part::Neighbour, neighbour::options()),
        (Part::Idle, idle::options()),
    ] {
        if !arguments.wants(part) {
            continue;
        }
        println!();
        let data = folder.path().join(format!("{part:?}"));
        let keyholt = Program::keyholt_with(&apart, &data, &options)?;
        runtime.block_on(async {
            match part {
                Part::Surge => surge::measure(arguments, &keyholt, &mut bars).await,
                Part::Neighbour => neighbour::measure(arguments, &keyholt, &mut bars).await,
                Part::Idle => idle::measure(arguments, &keyholt, &mut bars).await,
            }
        })?;
        keyholt.stop()?;
    }
    let printed = bars.print();
    if arguments.no_bars { Ok(()) } else { printed }
}
