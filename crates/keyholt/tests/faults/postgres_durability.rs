//! What a change survives is what the database is set to, and is said.

use keyholt_testkit::postgres::Cluster;
use keyholt_testkit::{Deadline, Server};

use crate::setting::{PATIENCE, names, put, served_again, setup, started};

#[track_caller]
fn assert_says(server: &Server, durability: &str) {
    let says = Deadline::after(PATIENCE).poll(|| {
        let answer = server.anonymous().send("GET", "/readyz", None).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.string("/database"), "postgresql");
        (answer.string("/durability") == durability).then_some(())
    });
    assert!(says.is_some(), "it does not say {durability}");
}

#[test]
fn only_a_standby_that_is_waited_for_makes_changes_replicated() {
    let pair = Cluster::pair().unwrap();
    let setup = setup(&pair.url("postgres"));
    let server = started(&setup);
    assert_says(&server, "replicated");
    pair.primary.wait_for_standby(None).unwrap();
    // The standby still follows, but nobody waits for it.
    assert_says(&server, "local-only");
    assert_eq!(put(&mut server.client(), "a").status, 200);
    pair.primary.wait_for_standby(Some(&pair.standby)).unwrap();
    assert_says(&server, "replicated");
}

#[test]
fn nothing_is_acknowledged_that_the_standby_does_not_have_whatever_is_set_in_between() {
    let mut pair = Cluster::pair().unwrap();
    let setup = setup(&pair.url("postgres"));
    let server = started(&setup);
    assert_eq!(put(&mut server.client(), "before").status, 200);
    // A server's own setting that waits for nobody, after the connections were made.
    pair.primary.set("synchronous_commit", "local").unwrap();
    let is_set = || pair.primary.sql("postgres", "SHOW synchronous_commit").unwrap() == "local";
    assert!(Deadline::after(PATIENCE).poll(|| is_set().then_some(())).is_some());
    // Each connection has heard of it when it has carried a statement.
    assert_eq!(put(&mut server.client(), "heard").status, 200);
    pair.standby.kill().unwrap();
    assert_says(&server, "replicated");
    let answer = put(&mut server.client(), "without-standby");
    assert_eq!(answer.status, 500, "{}", answer.text());
    assert_eq!(answer.string("/error/code"), "outcome_unknown");
    // Without a standby to wait for it serves again.
    pair.primary.wait_for_standby(None).unwrap();
    served_again(|| put(&mut server.client(), "after"));
    let found = names(&mut server.client());
    assert!(["after", "before", "heard"].iter().all(|name| found.contains(&(*name).to_owned())), "{found:?}");
}
