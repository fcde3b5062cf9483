//! Sessions that are ended under load: no acknowledged write is lost, and what is not known is called so.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use keyholt_testkit::history::{Load, Nodes, check};
use keyholt_testkit::postgres::TestDatabase;
use keyholt_testkit::{Random, Setup, Stopwatch, seed_setting};

use crate::setting::{assert_audit_log_is_whole, beside, names, put, served_again, setup, started};

const END_ALL: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";
/// How long all sessions are ended again and again.
const TIME: Duration = Duration::from_secs(10);

#[test]
fn sessions_that_are_ended_under_load_cost_no_acknowledged_write() {
    let seed = seed_setting("KEYHOLT_SEED");
    println!("KEYHOLT_SEED={seed}");
    let database = TestDatabase::database().unwrap();
    let first = setup(database.url());
    let one = started(&first);
    let second = beside(&first, database.url());
    let other = started(&second);
    let addresses = [one.address(), other.address()];
    let load = Load {
        prefix: "ended".to_owned(),
        cells: 6,
        clients: 3,
        names: 3,
        operations: u64::MAX,
        time: TIME,
        seed,
    };
    let is_over = AtomicBool::new(false);
    let (mut made, mut unknown, mut ended) = (BTreeSet::new(), BTreeSet::new(), 0);
    let recorded = thread::scope(|scope| {
        let ender = scope.spawn(|| {
            let (mut random, mut ended) = (Random::new(seed), 0);
            while !is_over.load(Ordering::SeqCst) {
                ended += database.sql(END_ALL).unwrap().parse::<u64>().unwrap();
                thread::park_timeout(Duration::from_millis(random.below(400)));
            }
            ended
        });
        // Beside what is checked call by call: rows that are made once and must stay.
        let mut client = one.client();
        let is_over = &is_over;
        let maker = scope.spawn(move || {
            let (mut made, mut unknown) = (BTreeSet::new(), BTreeSet::new());
            for number in 0.. {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let name = format!("made-{number}");
                let answer = put(&mut client, &name);
                match (answer.status, answer.string("/error/code").as_str()) {
                    (200, _) => made.insert(name),
                    (500, "outcome_unknown") => unknown.insert(name),
                    (503, _) => false,
                    _ => panic!("{} {}", answer.status, answer.text()),
                };
            }
            (made, unknown)
        });
        let recorded = load.run(|number| Nodes::new(&addresses, Setup::KEY, number));
        is_over.store(true, Ordering::SeqCst);
        ended = ender.join().unwrap();
        (made, unknown) = maker.join().unwrap();
        recorded.unwrap_or_else(|problem| panic!("{problem}"))
    });
    let watch = Stopwatch::start();
    served_again(|| put(&mut one.client(), "after"));
    served_again(|| put(&mut other.client(), "after"));
    println!(
        "{ended} sessions ended; {} operations, {} of them and {} more unknown, {} refused; served again after {:.1?}",
        recorded.operations() + made.len(),
        recorded.lost(),
        unknown.len(),
        recorded.refused,
        watch.elapsed()
    );
    for (cell, history) in recorded.cells.iter().enumerate() {
        check(history).unwrap_or_else(|flaw| panic!("cell {cell}: {flaw}"));
    }
    let there: BTreeSet<String> =
        names(&mut other.client()).into_iter().filter(|name| name.starts_with("made-")).collect();
    let lost: Vec<_> = made.difference(&there).collect();
    assert!(lost.is_empty(), "acknowledged but not there: {lost:?}");
    let strange: Vec<_> =
        there.iter().filter(|name| !made.contains(*name) && !unknown.contains(*name)).collect();
    assert!(strange.is_empty(), "refused but there: {strange:?}");
    assert!(made.len() > 50 && ended > 50, "{} made, {ended} ended", made.len());
    assert_audit_log_is_whole(&first, &one);
}
