//! Many clients that want the same thing at the same moment.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use serde_json::json;

use crate::fixture::{Installation, Node, SECRETS, done, make_secret, one_server, read};

const PATCHES: usize = 32;
const CREATORS: usize = 9;
const CREATIONS: usize = 25;
const RENAMES: usize = 50;

#[test]
fn of_32_patches_over_three_nodes_none_is_lost() {
    let installation = Installation::new();
    no_patch_is_lost(&installation.start(3));
}

#[test]
fn of_32_patches_on_one_server_none_is_lost() {
    no_patch_is_lost(&[one_server()]);
}

fn no_patch_is_lost(nodes: &[Node]) {
    let id = make_secret(&nodes[0], "merged");
    let target = format!("{SECRETS}/{id}");
    let start = Barrier::new(PATCHES);
    thread::scope(|scope| {
        for (number, node) in (0..PATCHES).zip(nodes.iter().cycle()) {
            let (mut client, start, target) = (node.client(), &start, &target);
            scope.spawn(move || {
                start.wait();
                done(
                    &mut client,
                    "PATCH",
                    target,
                    &json!({ "metadata": { "keys": { format!("k{number}"): number } } }),
                );
            });
        }
    });
    for node in nodes {
        let metadata = read(&mut node.client(), &id).json()["metadata"].take();
        for number in 0..PATCHES {
            assert_eq!(metadata["keys"][format!("k{number}")], number, "{metadata}");
        }
    }
}

#[test]
fn a_name_that_three_nodes_give_to_one_record_at_once_is_not_taken() {
    let installation = Installation::new();
    let nodes = installation.start(3);
    let target = format!("{SECRETS}/{}", make_secret(&nodes[0], "renamed"));
    for number in 0..RENAMES {
        let start = Barrier::new(CREATORS);
        thread::scope(|scope| {
            for (_, node) in (0..CREATORS).zip(nodes.iter().cycle()) {
                let body = json!({ "name": format!("renamed-{number}") });
                let (mut client, start, target) = (node.client(), &start, &target);
                scope.spawn(move || {
                    start.wait();
                    // Whoever comes second finds that it has the name: its own is fine (wire/braintrust.md 4.1).
                    done(&mut client, "PATCH", target, &body);
                });
            }
        });
    }
}

#[test]
fn a_name_that_three_nodes_create_at_once_gets_one_id() {
    let installation = Installation::new();
    one_creator_has_it(&installation.start(3));
}

#[test]
fn a_name_that_is_created_many_times_at_once_on_one_server_gets_one_id() {
    one_creator_has_it(&[one_server()]);
}

fn one_creator_has_it(nodes: &[Node]) {
    for number in 0..CREATIONS {
        let name = format!("created-{number}");
        let start = Barrier::new(CREATORS);
        let answers: Vec<_> = thread::scope(|scope| {
            let creators: Vec<_> = (0..CREATORS)
                .zip(nodes.iter().cycle())
                .map(|(creator, node)| {
                    let body = json!({ "name": name, "type": format!("of-{creator}") });
                    let (mut client, start) = (node.client(), &start);
                    scope.spawn(move || {
                        start.wait();
                        done(&mut client, "POST", SECRETS, &body)
                    })
                })
                .collect();
            creators.into_iter().map(|creator| creator.join().unwrap()).collect()
        });
        let made = answers.iter().filter(|answer| answer.header("x-bt-found-existing").is_none()).count();
        assert_eq!(made, 1, "{name} was made {made} times");
        let records: BTreeSet<String> =
            answers.iter().map(|answer| answer.string("/id") + &answer.string("/type")).collect();
        assert_eq!(records.len(), 1, "all are answered the one record");
    }
    let rows = done(&mut nodes[0].client(), "GET", &format!("{SECRETS}?limit=1000"), &json!({})).json();
    assert_eq!(rows["objects"].as_array().unwrap().len(), CREATIONS);
}
