//! A key that is revoked on one node is refused by all of them within a second (design/security.md A7).

use std::thread;
use std::time::Duration;

use keyholt_testkit::{Client, Deadline, Forwarder, Stopwatch};
use serde_json::json;

use crate::fixture::{Installation, KEYS, Node, done, make_key, make_secret, read};

/// What is promised, from the answer to the revocation.
const PROMISE: Duration = Duration::from_secs(1);
const REVOCATIONS: usize = 10;
/// By when every node has heard of a change of long ago.
const SETTLED: Duration = Duration::from_millis(700);

/// What is not there: whoever is let in is told that this is no id (400), and no data are looked at for it
/// (wire/braintrust.md 1.5, 3.5).
const NOTHING: &str = "nothing";

#[test]
fn what_one_node_revokes_all_nodes_refuse_within_a_second() {
    let installation = Installation::new();
    let nodes = installation.start(3);
    let longest = revoke(&nodes, REVOCATIONS);
    println!("{REVOCATIONS} revocations on three nodes: refused by all after {longest:.1?} at most");
}

#[test]
fn what_one_node_revokes_all_nodes_refuse_within_a_second_though_no_notification_comes() {
    let installation = Installation::new();
    let forwarders: Vec<_> = (0..3).map(|_| Forwarder::start(installation.database()).unwrap()).collect();
    for forwarder in &forwarders {
        forwarder.leave_notifications_out();
    }
    let nodes: Vec<_> = forwarders.iter().map(|forwarder| installation.start_by(forwarder.address())).collect();
    let longest = revoke(&nodes, REVOCATIONS);
    let left_out: u64 = forwarders.iter().map(|forwarder| forwarder.traffic().left_out).sum();
    println!(
        "{REVOCATIONS} revocations, {left_out} notifications left out: refused after {longest:.1?} at most"
    );
    assert!(left_out > 0, "there were some");
}

/// Revokes keys one after the other, on each node in turns; gives the longest time until the last node refused one.
fn revoke(nodes: &[Node], count: usize) -> Duration {
    let secret = make_secret(&nodes[0], "asked-for");
    let mut longest = Duration::ZERO;
    for (number, revoking) in (0..count).zip(nodes.iter().cycle()) {
        let (id, key) = make_key(revoking, &format!("revoked-{number}"));
        for node in nodes {
            // Every node has the key in its memory, if it keeps keys there.
            assert_eq!(read(&mut node.client_with(&key), &secret).status, 200);
        }
        done(&mut revoking.client(), "DELETE", &format!("{KEYS}/{id}"), &json!({}));
        let watch = Stopwatch::start();
        assert_eq!(read(&mut revoking.client_with(&key), &secret).status, 401, "there it holds at once");
        let times = thread::scope(|scope| {
            let others: Vec<_> = nodes
                .iter()
                .map(|node| node.client_with(&key))
                .map(|client| scope.spawn(|| time_to_refusal(client, &secret, watch)))
                .collect();
            others.into_iter().map(|other| other.join().unwrap()).collect::<Vec<_>>()
        });
        longest = times.into_iter().fold(longest, Duration::max);
    }
    assert!(longest <= PROMISE, "a key was good for {longest:?} after it was revoked");
    longest
}

/// The time on the watch when a request is refused for the first time; none is let in after that.
fn time_to_refusal(mut client: Client, secret: &str, watch: Stopwatch) -> Duration {
    let refused = Deadline::after(3 * PROMISE)
        .poll(|| (read(&mut client, secret).status == 401).then(|| watch.elapsed()))
        .expect("a revoked key is refused");
    for _ in 0..20 {
        assert_eq!(read(&mut client, secret).status, 401, "what is refused stays refused");
    }
    refused
}

#[test]
fn one_of_two_nodes_that_is_cut_off_lets_no_revoked_key_in_after_a_second() {
    let installation = Installation::new();
    let forwarder = Forwarder::start(installation.database()).unwrap();
    let cut = installation.start_by(forwarder.address());
    let node = installation.start_by(installation.database());
    let secret = make_secret(&node, "asked-for");
    let (id, key) = make_key(&node, "revoked");
    let mut client = cut.client_with(&key);
    assert_eq!(read(&mut client, &secret).status, 200);
    // What the node keeps is looked up again until it has heard that there is a new key: longer than it takes to ask.
    let settled = Deadline::after(SETTLED);
    while !settled.has_passed() {
        assert_eq!(read(&mut client, NOTHING).status, 400);
    }
    forwarder.hold();
    done(&mut node.client(), "DELETE", &format!("{KEYS}/{id}"), &json!({}));
    let watch = Stopwatch::start();
    let (mut last, mut refused) = (Duration::ZERO, 0);
    while watch.elapsed() < 4 * PROMISE {
        let asked = watch.elapsed();
        let answer = read(&mut client, NOTHING);
        match answer.status {
            400 => last = asked,
            503 => refused += 1,
            status => panic!("{status} {}", answer.text()),
        }
    }
    println!("cut off: let in for the last time {last:.1?} after the revocation, then {refused} times 503");
    assert!(last > Duration::ZERO, "it goes by what it knows while that is recent");
    assert!(last <= PROMISE, "let in {last:?} after the revocation");
    assert!(refused > 0, "it says that it cannot tell");
    forwarder.pass();
    let came_back = Deadline::after(Duration::from_secs(30)).poll(|| {
        let status = read(&mut client, &secret).status;
        assert_ne!(status, 200, "it has not forgotten");
        (status == 401).then_some(())
    });
    assert!(came_back.is_some(), "it knows of the revocation when it sees the database again");
    assert_eq!(read(&mut cut.client(), &secret).status, 200, "others are let in again");
}
