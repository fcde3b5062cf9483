//! What many clients are answered at the same time is what one store would answer one after the other.

use std::time::Duration;

use keyholt_testkit::history::{Liar, Lie, Load, Nodes, Recorded, check};
use keyholt_testkit::{Setup, number_setting, seed_setting};

use crate::fixture::{Installation, Node, addresses, one_server};

fn load(operations: u64) -> Load {
    let seed = seed_setting("KEYHOLT_SEED");
    let operations = number_setting("KEYHOLT_HISTORY_OPERATIONS", operations);
    println!("KEYHOLT_HISTORY_OPERATIONS={operations} KEYHOLT_SEED={seed}");
    let (prefix, time) = ("history".to_owned(), Duration::from_secs(60));
    Load { prefix, cells: 6, clients: 4, names: 3, operations, time, seed }
}

fn record(load: &Load, nodes: &[Node]) -> Recorded {
    let addresses = addresses(nodes);
    load.run(|number| Nodes::new(&addresses, Setup::KEY, number)).unwrap_or_else(|problem| panic!("{problem}"))
}

/// Checks all of it, and that there was enough of it.
fn assert_one_store(recorded: &Recorded) {
    for (cell, history) in recorded.cells.iter().enumerate() {
        check(history).unwrap_or_else(|flaw| panic!("cell {cell}: {flaw}"));
    }
    println!(
        "{} operations checked for linearizability: 0 anomalies; {} without an answer, {} refused, in {:.1?}",
        recorded.operations(),
        recorded.lost(),
        recorded.refused,
        recorded.took
    );
    assert!(recorded.operations() > 1_000 && recorded.lost() == 0, "nothing is lost where nothing breaks");
}

#[test]
fn three_nodes_answer_as_one_store() {
    let installation = Installation::new();
    let nodes = installation.start(3);
    assert_one_store(&record(&load(5_000), &nodes));
}

#[test]
fn one_server_answers_as_one_store() {
    assert_one_store(&record(&load(5_000), &[one_server()]));
}

#[test]
fn a_client_that_lies_about_one_server_is_found_out() {
    let node = one_server();
    let addresses = [node.server.address()];
    for (number, lie) in Lie::ALL.into_iter().enumerate() {
        let load = Load { prefix: format!("lie-{number}"), ..load(3_000) };
        let client = |client| Liar::new(Nodes::new(&addresses, Setup::KEY, client), lie, 5);
        let recorded = load.run(client).unwrap_or_else(|problem| panic!("{lie:?}: {problem}"));
        let found = recorded.cells.iter().filter(|history| check(history).is_err()).count();
        println!("{lie:?}: found in {found} of {} cells", recorded.cells.len());
        assert!(found > 0, "{lie:?} is believed");
    }
}
