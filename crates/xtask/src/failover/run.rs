//! All of it, in order.

use std::path::Path;

use anyhow::{Context, ensure};
use keyholt_testkit::seed_setting;

use super::arguments::FailoverArgs;
use super::figures::Figures;
use super::installation::Installation;
use super::rounds::{Failure, Rounds};
use crate::measure::{again_optimised, build_server};

/// Lets primaries fail, and prints the figures.
///
/// # Errors
/// When something does not build or start, when an acknowledged write is lost, and when a node does not serve again.
pub(crate) fn run(root: &Path, arguments: &FailoverArgs) -> anyhow::Result<()> {
    let binary = match &arguments.binary {
        Some(binary) => binary.canonicalize()?,
        None if cfg!(debug_assertions) => return again_optimised(root, "failover", &arguments.words()),
        None => build_server(root)?,
    };
    ensure!(binary.is_file(), "{} is no program", binary.display());
    let seed = seed_setting("KEYHOLT_SEED");
    println!("{} nodes, {} workers, KEYHOLT_SEED={seed}", arguments.nodes, arguments.workers);
    let mut installation = Installation::new(&binary, arguments.nodes)?;
    let mut rounds = Rounds::new(&mut installation, arguments.workers, seed)?;
    let (mut killed, mut frozen) = (Figures::default(), Figures::default());
    let mut run_all = || {
        for number in 1..=arguments.times {
            rounds.round(Failure::Killed, &mut killed).with_context(|| format!("kill {number}"))?;
            eprintln!("killed {number} times");
        }
        for number in 1..=arguments.freezes {
            rounds.round(Failure::Frozen, &mut frozen).with_context(|| format!("freeze {number}"))?;
            eprintln!("frozen {number} times");
        }
        anyhow::Ok(())
    };
    if let Err(problem) = run_all() {
        eprintln!("the nodes said: {}", installation.said());
        return Err(problem);
    }
    killed.print("kill -9 of the primary");
    frozen.print("the primary stood still");
    Ok(())
}
