//! An audit log that cannot be written: nothing is changed, and no value leaves (design/security.md A8).

use keyholt_testkit::postgres::Cluster;
use keyholt_testkit::{Answer, Intruder, Server, Setup};
use serde_json::json;

use crate::files;
use crate::setting::{PATIENCE, assert_unavailable, names, put, setup, started};

const VALUE: &str = "sk-the-value-that-belongs-to-kept";

/// All ways to a value but the gateway's, whose use is written down in batches (design/decisions.md 18).
fn ask_for_values(server: &Server) -> [Answer; 3] {
    let mut client = server.client();
    let id = client.send("GET", "/v1/ai_secret?ai_secret_name=kept", None).unwrap().string("/objects/0/id");
    let one = client.send("POST", &format!("/keyholt/v1/secrets/{id}/reveal"), Some(b"{}")).unwrap();
    let all = client.send("POST", "/keyholt/v1/secrets/reveal", Some(b"{}")).unwrap();
    let resolved = client.json("POST", "/api/secret", &json!({ "model": "gpt-4o" })).unwrap();
    [one, all, resolved]
}

fn put_kept(server: &Server) {
    let body = json!({ "name": "kept", "type": "openai", "secret": VALUE });
    assert_eq!(server.client().json("PUT", "/v1/ai_secret", &body).unwrap().status, 200);
}

/// Breaks the audit log, looks at what is answered, and mends it.
#[track_caller]
fn assert_nothing_leaves(setup: &Setup, server: &Server, break_it: impl FnOnce(), mend_it: impl FnOnce()) {
    put_kept(server);
    assert!(ask_for_values(server).iter().all(|answer| answer.status == 200 && answer.text().contains(VALUE)));
    break_it();
    let [one, all, resolved] = ask_for_values(server);
    assert!([&one, &all, &resolved].iter().all(|answer| !answer.text().contains(VALUE)), "a value left");
    assert_unavailable(&one);
    assert_unavailable(&all);
    // There every refusal has this status (wire/braintrust.md 6).
    assert_eq!((resolved.status, resolved.text().as_str()), (400, "The server is busy, retry later"));
    assert_unavailable(&put(&mut server.client(), "new"));
    assert_eq!(names(&mut server.client()), ["kept"], "reads go on, and nothing was changed");
    let said = String::from_utf8_lossy(&server.output()).into_owned();
    assert!(said.contains("audit"), "the log says why: {said}");
    assert!(!said.contains(VALUE));
    mend_it();
    let deadline = keyholt_testkit::Deadline::after(PATIENCE);
    deadline.poll(|| (put(&mut server.client(), "new").status == 200).then_some(())).expect("it is done again");
    assert!(ask_for_values(server).iter().all(|answer| answer.status == 200 && answer.text().contains(VALUE)));
    crate::setting::assert_audit_log_is_whole(setup, server);
}

#[test]
fn without_an_audit_event_no_value_leaves_the_embedded_database() {
    let setup = files::setup();
    let server = started(&setup);
    let intruder = Intruder::in_directory(&setup.data_dir()).unwrap();
    let refuse =
        "CREATE TRIGGER no_audit BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'not today'); END";
    let run = |sql: &str| assert_eq!(intruder.execute(sql).unwrap(), 0);
    assert_nothing_leaves(&setup, &server, || run(refuse), || run("DROP TRIGGER no_audit"));
}

#[test]
fn without_an_audit_event_no_value_leaves_postgres() {
    let cluster = Cluster::start().unwrap();
    cluster
        .sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'very-private'; GRANT CREATE ON SCHEMA public TO app")
        .unwrap();
    let url =
        cluster.url("postgres").replace(cluster.password(), "very-private").replace("//postgres:", "//app:");
    let setup = setup(&url);
    let server = started(&setup);
    let run = |sql: &str| drop(cluster.sql("postgres", sql).unwrap());
    assert_nothing_leaves(
        &setup,
        &server,
        || run("REVOKE INSERT ON audit_events FROM app"),
        || run("GRANT INSERT ON audit_events TO app"),
    );
}
