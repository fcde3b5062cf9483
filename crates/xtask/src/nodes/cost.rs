//! What one request costs between a node and PostgreSQL, counted by what passes between them.

use std::thread;
use std::time::Duration;

use keyholt_testkit::{Forwarder, Traffic};
use serde_json::{Value, json};

use super::arguments::NodesArgs;
use super::installation::Installation;
use super::requests::{Asked, Kind, STORED};
use crate::measure::{Volume, fill, load};

/// What passes for one request.
struct Cost {
    kind: Kind,
    requests: f64,
    statements: f64,
    /// Round trips: how often the node went on after an answer.
    turns: f64,
    to_server: f64,
    from_server: f64,
}

/// Of each operation.
pub(super) struct Costs(Vec<Cost>);

/// Asks one node over one connection, so that nothing is sent together with another request's.
///
/// # Errors
/// When the node does not start, or refuses.
pub(super) fn measure(installation: &Installation, arguments: &NodesArgs) -> anyhow::Result<Costs> {
    let forwarder = Forwarder::start(installation.cluster().address())?;
    let node = installation.start_by(forwarder.address())?;
    let address = node.server.address();
    fill(address, STORED)?;
    let time = Duration::from_secs(arguments.secs);
    // What a node says to PostgreSQL of its own accord.
    let before = forwarder.traffic();
    thread::park_timeout(time);
    let idle = since(forwarder.traffic(), before);
    let mut costs = Vec::new();
    for (measurement, kind) in (1_000_000..).zip([Kind::Get, Kind::Create]) {
        let before = forwarder.traffic();
        let volume = Volume { connections: 1, time, per_second: None };
        let requests = move |lane| Asked::new(kind, address, measurement, lane);
        let loaded = load(address, volume, requests)?.without_refusals()?;
        let traffic = since(forwarder.traffic(), before);
        let requests = loaded.latencies.len().max(1) as f64;
        let each =
            |figure: fn(&Traffic) -> u64| figure(&traffic).saturating_sub(figure(&idle)) as f64 / requests;
        costs.push(Cost {
            kind,
            requests,
            statements: each(|traffic| traffic.statements),
            turns: each(|traffic| traffic.turns),
            to_server: each(|traffic| traffic.to_server),
            from_server: each(|traffic| traffic.from_server),
        });
    }
    Ok(Costs(costs))
}

const fn since(now: Traffic, before: Traffic) -> Traffic {
    Traffic {
        connections: now.connections - before.connections,
        to_server: now.to_server - before.to_server,
        from_server: now.from_server - before.from_server,
        statements: now.statements - before.statements,
        turns: now.turns - before.turns,
        left_out: now.left_out - before.left_out,
    }
}

impl Costs {
    /// For people.
    pub(super) fn print(&self) {
        println!("\nOne request, without others beside it, between the node and PostgreSQL:");
        println!(
            "{:<15} {:>9} {:>11} {:>12} {:>10} {:>12}",
            "operation", "requests", "statements", "round trips", "bytes to", "bytes from"
        );
        for cost in &self.0 {
            println!(
                "{:<15} {:>9.0} {:>11.2} {:>12.2} {:>10.0} {:>12.0}",
                cost.kind.name(),
                cost.requests,
                cost.statements,
                cost.turns,
                cost.to_server,
                cost.from_server
            );
        }
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let cost = |cost: &Cost| {
            json!({
                "operation": cost.kind.name(), "requests": cost.requests, "statements": cost.statements,
                "round_trips": cost.turns, "bytes_to_postgres": cost.to_server, "bytes_from_postgres": cost.from_server,
            })
        };
        self.0.iter().map(cost).collect()
    }
}
