//! Operations that fail. `cargo xtask io-errors` lets each of them fail.

use keyholt_testkit::disk::Lasting;
use keyholt_testkit::disk_trials::{Ending, IoErrors, TrialFigures};

/// How far apart the operations are that fail here.
const STRIDE: u64 = 29;

fn walk(lasting: Lasting, ending: Ending, first: u64) {
    let folder = tempfile::tempdir().unwrap();
    let trials = IoErrors::new(folder.path(), 1).unwrap();
    let mut figures = TrialFigures::default();
    for at in (first..).step_by(usize::try_from(STRIDE).unwrap()) {
        match trials.trial(at, lasting, ending) {
            Ok(Some(found)) => figures = figures.and(found),
            Ok(None) => break,
            Err(problem) => panic!("operation {at} fails {lasting:?}, {ending:?}: {problem}"),
        }
    }
    println!("{figures:?}");
    assert!(figures.trials > 20 && figures.acknowledged > 0, "{figures:?}");
}

#[test]
fn after_one_error_and_a_power_cut_the_store_is_what_callers_were_told() {
    walk(Lasting::Once, Ending::PowerCut, 1);
}

#[test]
fn after_one_error_and_a_stop_the_store_is_what_callers_were_told() {
    walk(Lasting::Once, Ending::Closed, 2);
}

#[test]
fn after_errors_without_end_and_a_power_cut_the_store_is_what_callers_were_told() {
    walk(Lasting::ForEver, Ending::PowerCut, 3);
}

#[test]
fn after_errors_without_end_and_a_stop_the_store_is_what_callers_were_told() {
    walk(Lasting::ForEver, Ending::Closed, 4);
}
