//! What a change survives is what the database is set to, and is said.

use keyholt_testkit::postgres::Cluster;
use keyholt_testkit::{Deadline, Server};

use crate::setting::{PATIENCE, put, setup, started};

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
    pair.primary.set("synchronous_commit", "local").unwrap();
    // A server's own setting that waits for nobody is not what a change is committed with.
    let said = String::from_utf8_lossy(&server.output()).into_owned();
    assert_eq!(put(&mut server.client(), "b").status, 200, "{said}");
}
