//! All of it, in order.

use std::path::Path;

use anyhow::ensure;
use serde_json::{Map, Value};

use super::arguments::{NodesArgs, Part};
use super::installation::Installation;
use super::{cost, history, revocation, throughput};
use crate::measure::{again_optimised, build_server};

/// Measures nodes and prints the figures.
///
/// # Errors
/// When something does not build, start or answer, and when a promise does not hold.
pub(crate) fn run(root: &Path, arguments: &NodesArgs) -> anyhow::Result<()> {
    let binary = match &arguments.binary {
        Some(binary) => binary.canonicalize()?,
        None if cfg!(debug_assertions) => return again_optimised(root, "nodes", &arguments.words()),
        None => build_server(root)?,
    };
    ensure!(binary.is_file(), "{} is no program", binary.display());
    let (mut all, mut holds) = (Map::new(), true);
    for part in &arguments.only {
        // Each on a database of its own: what one leaves behind slows no other.
        let installation = Installation::new(binary.clone())?;
        let (name, figures) = match part {
            Part::History => {
                let history = history::measure(&installation, arguments)?;
                holds &= history.holds();
                if !arguments.json {
                    history.print();
                }
                ("history", history.json())
            }
            Part::Revocation => {
                let revocations = revocation::measure(&installation, arguments)?;
                holds &= revocations.holds();
                if !arguments.json {
                    revocations.print();
                }
                ("revocation", revocations.json())
            }
            Part::Throughput => {
                let throughput = throughput::measure(&installation, arguments)?;
                if !arguments.json {
                    throughput.print(arguments);
                }
                ("throughput", throughput.json())
            }
            Part::Cost => {
                let costs = cost::measure(&installation, arguments)?;
                if !arguments.json {
                    costs.print();
                }
                ("cost", costs.json())
            }
        };
        all.insert(name.to_owned(), figures);
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&Value::from(all))?);
    }
    ensure!(holds, "a promise does not hold");
    Ok(())
}
