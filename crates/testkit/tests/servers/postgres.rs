use std::net::TcpStream;
use std::time::Duration;

use keyholt_testkit::Deadline;
use keyholt_testkit::postgres::{Cluster, TestDatabase};

#[test]
fn a_schema_is_empty_seen_by_its_own_url_only_and_gone_afterwards() {
    let (one, other) = (TestDatabase::schema().unwrap(), TestDatabase::schema().unwrap());
    let name = one.sql("SELECT current_schema()").unwrap();
    one.sql("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('x')").unwrap();
    assert_eq!(one.sql("SELECT a FROM t").unwrap(), "x");
    assert!(other.sql("SELECT a FROM t").unwrap_err().to_string().contains("does not exist"));
    drop(one);
    let left = other.sql(&format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{name}'"));
    assert_eq!(left.unwrap(), "0");
}

#[test]
fn a_database_is_its_own_and_gone_afterwards() {
    let (one, other) = (TestDatabase::database().unwrap(), TestDatabase::schema().unwrap());
    let name = one.sql("SELECT current_database()").unwrap();
    assert_ne!(name, other.sql("SELECT current_database()").unwrap());
    drop(one);
    let left = other.sql(&format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'"));
    assert_eq!(left.unwrap(), "0");
}

#[test]
fn a_server_is_as_strict_as_one_in_production() {
    let cluster = Cluster::start().unwrap();
    assert_eq!(cluster.sql("postgres", "SHOW fsync").unwrap(), "on");
    assert_eq!(cluster.sql("postgres", "SELECT 'a' < 'B', 'a' < 'B' COLLATE \"C\"").unwrap(), "t|f");
    let methods = cluster.sql("postgres", "SELECT DISTINCT auth_method FROM pg_hba_file_rules");
    assert_eq!(methods.unwrap(), "scram-sha-256");
    cluster.create_database("keyholt").unwrap();
    assert_eq!(cluster.sql("keyholt", "SELECT current_database()").unwrap(), "keyholt");
    assert!(cluster.sql("keyholt", "SELECT nothing").is_err());
}

#[test]
fn what_was_committed_is_there_after_a_kill_and_a_restart() {
    let mut cluster = Cluster::start().unwrap();
    cluster.sql("postgres", "CREATE TABLE t (a INT); INSERT INTO t VALUES (1)").unwrap();
    let url = cluster.url("postgres");
    cluster.kill().unwrap();
    assert!(!cluster.is_running());
    assert!(TcpStream::connect(cluster.address()).is_err());
    cluster.restart().unwrap();
    assert_eq!(cluster.url("postgres"), url);
    assert_eq!(cluster.sql("postgres", "SELECT a FROM t").unwrap(), "1");
    cluster.stop().unwrap();
    assert!(!cluster.is_running());
    cluster.restart().unwrap();
    assert_eq!(cluster.sql("postgres", "SELECT a FROM t").unwrap(), "1");
}

#[test]
fn a_frozen_server_answers_nothing_until_it_thaws() {
    use std::io::{Read, Write};
    let mut cluster = Cluster::start().unwrap();
    // The request whether TLS is spoken (protocol 3.0, `SSLRequest`); the answer is the byte `N`.
    let ask = [0, 0, 0, 8, 4, 210, 22, 47];
    cluster.freeze().unwrap();
    let mut stream = TcpStream::connect(cluster.address()).unwrap();
    stream.write_all(&ask).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut answer = [0];
    assert!(stream.read_exact(&mut answer).is_err());
    assert!(cluster.is_running());
    cluster.thaw().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"N");
    assert_eq!(cluster.sql("postgres", "SELECT 1").unwrap(), "1");
}

#[test]
fn a_frozen_server_is_removed_too() {
    let cluster = Cluster::start().unwrap();
    let folder = cluster.sql("postgres", "SHOW unix_socket_directories").unwrap();
    assert!(std::fs::exists(&folder).unwrap());
    cluster.freeze().unwrap();
    drop(cluster);
    assert!(!std::fs::exists(&folder).unwrap());
}

#[test]
fn settings_are_given_at_the_start_and_later() {
    let cluster = Cluster::start_with(&[("max_connections", "20")]).unwrap();
    assert_eq!(cluster.sql("postgres", "SHOW max_connections").unwrap(), "20");
    cluster.set("statement_timeout", "7s").unwrap();
    let holds = || (cluster.sql("postgres", "SHOW statement_timeout").unwrap() == "7s").then_some(());
    Deadline::after(Duration::from_secs(30)).poll(holds).unwrap();
    assert!(cluster.set("no_such_setting", "1").is_err());
}

#[test]
fn a_standby_has_every_commit_when_its_primary_is_killed() {
    let mut pair = Cluster::pair().unwrap();
    let sessions = pair.primary.sql("postgres", "SELECT sync_state FROM pg_stat_replication");
    assert_eq!(sessions.unwrap(), "sync");
    pair.primary.sql("postgres", "CREATE TABLE t (a INT); INSERT INTO t VALUES (1)").unwrap();
    assert!(pair.standby.sql("postgres", "INSERT INTO t VALUES (2)").is_err());
    pair.primary.kill().unwrap();
    pair.standby.promote().unwrap();
    assert_eq!(pair.standby.sql("postgres", "INSERT INTO t VALUES (2) RETURNING a").unwrap(), "2");

    // The roles change, on the same ports.
    let address = pair.primary.address();
    pair.primary.follow(&pair.standby).unwrap();
    assert_eq!(pair.primary.address(), address);
    pair.standby.wait_for_standby(Some(&pair.primary)).unwrap();
    pair.standby.sql("postgres", "INSERT INTO t VALUES (3)").unwrap();
    pair.standby.kill().unwrap();
    pair.primary.promote().unwrap();
    assert_eq!(pair.primary.sql("postgres", "SELECT count(*) FROM t").unwrap(), "3");
}

#[test]
fn commits_wait_for_a_standby_that_is_frozen_unless_they_need_none() {
    let pair = Cluster::pair().unwrap();
    let (primary, standby) = (&pair.primary, &pair.standby);
    primary.sql("postgres", "CREATE TABLE t (a INT)").unwrap();
    standby.freeze().unwrap();
    let waits = "SET lock_timeout = '1s'; SELECT wait_event FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    std::thread::scope(|scope| {
        let insert = scope.spawn(|| primary.sql("postgres", "INSERT INTO t VALUES (1)").unwrap());
        let waiting = || (primary.sql("postgres", waits).unwrap() == "SyncRep").then_some(());
        Deadline::after(Duration::from_secs(30)).poll(waiting).unwrap();
        primary.wait_for_standby(None).unwrap();
        insert.join().unwrap();
    });
    standby.thaw().unwrap();
}
