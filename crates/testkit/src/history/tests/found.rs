//! Histories that no store with one thing after the other has.

use super::memory::{Memory, load};
use super::written::{call, content, create, delete, found, get, lost, patch, put, rename, row};
use crate::history::{Call, Content, Flaw, Liar, Lie, Outcome, check};

#[track_caller]
fn assert_anomaly(history: &[Call], at: usize) {
    match check(history) {
        Err(Flaw::Anomaly { call, .. }) => assert_eq!(call, at),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lost_update_is_found() {
    let (none, a, b) = (Content::default(), content("", &[("a", 1)]), content("", &[("b", 2)]));
    let history = [
        call(0, 1, create("n", &none), row("1", "n", &none)),
        // Both merged into what was there before either of them.
        call(2, 5, patch("1", &a), row("1", "n", &a)),
        call(3, 4, patch("1", &b), row("1", "n", &b)),
    ];
    assert_anomaly(&history, 1);
}

#[test]
fn a_stale_read_after_a_write_is_found() {
    let (old, new) = (content("old", &[]), content("new", &[]));
    let history = [
        call(0, 1, create("n", &old), row("1", "n", &old)),
        call(2, 3, put("n", &new), found("1", "n", &new)),
        call(4, 5, get("1"), row("1", "n", &old)),
    ];
    assert_anomaly(&history, 2);
}

#[test]
fn a_read_that_goes_back_is_found_though_the_write_is_still_under_way() {
    let (old, new) = (content("old", &[]), content("new", &[]));
    let history = [
        call(0, 1, create("n", &old), row("1", "n", &old)),
        call(2, 9, put("n", &new), found("1", "n", &new)),
        call(3, 4, get("1"), row("1", "n", &new)),
        call(5, 6, get("1"), row("1", "n", &old)),
    ];
    assert_anomaly(&history, 3);
}

#[test]
fn a_resurrected_record_is_found() {
    let any = content("any", &[]);
    let history = [
        call(0, 1, create("n", &any), row("1", "n", &any)),
        call(2, 3, delete("1"), row("1", "n", &any)),
        call(4, 5, get("1"), Outcome::Absent),
        call(6, 7, get("1"), row("1", "n", &any)),
    ];
    assert_anomaly(&history, 3);
}

#[test]
fn two_creators_with_two_ids_are_found() {
    let any = content("any", &[]);
    let history = [
        call(0, 5, create("n", &any), row("1", "n", &any)),
        call(1, 4, create("n", &any), row("2", "n", &any)),
    ];
    assert_anomaly(&history, 0);
}

#[test]
fn an_id_that_is_given_twice_is_found() {
    let any = content("any", &[]);
    let history = [
        call(0, 1, create("n", &any), row("1", "n", &any)),
        call(2, 3, create("m", &any), row("1", "m", &any)),
    ];
    assert_eq!(check(&history), Err(Flaw::IdTwice("1".to_owned())));
}

#[test]
fn a_create_that_changes_what_it_found_is_found() {
    let (old, new) = (content("old", &[]), content("new", &[]));
    let history = [
        call(0, 1, create("n", &old), row("1", "n", &old)),
        call(2, 3, create("n", &new), found("1", "n", &new)),
    ];
    assert_anomaly(&history, 1);
}

#[test]
fn a_value_that_a_put_without_one_does_away_with_is_found() {
    let with = Content { value: Some("abcd".to_owned()), ..Content::default() };
    let history = [
        call(0, 1, create("n", &with), row("1", "n", &with)),
        call(2, 3, put("n", &Content::default()), found("1", "n", &Content::default())),
    ];
    assert_anomaly(&history, 1);
}

#[test]
fn a_name_of_two_records_is_found() {
    let any = content("any", &[]);
    let history = [
        call(0, 1, create("n", &any), row("1", "n", &any)),
        call(2, 3, create("m", &any), row("2", "m", &any)),
        call(4, 5, rename("2", "n"), row("2", "n", &any)),
    ];
    assert_anomaly(&history, 2);
}

#[test]
fn a_name_refused_as_taken_that_was_free_is_found() {
    let any = content("any", &[]);
    let history =
        [call(0, 1, create("n", &any), row("1", "n", &any)), call(2, 3, rename("1", "m"), Outcome::Taken)];
    assert_anomaly(&history, 1);
}

#[test]
fn a_lost_call_that_takes_effect_twice_is_found() {
    let (old, new) = (content("old", &[]), content("new", &[]));
    let history = [
        call(0, 1, create("n", &old), row("1", "n", &old)),
        lost(2, put("n", &new)),
        call(3, 4, get("1"), row("1", "n", &new)),
        call(5, 6, put("n", &old), found("1", "n", &old)),
        call(7, 8, get("1"), row("1", "n", &new)),
    ];
    assert_anomaly(&history, 4);
}

#[test]
fn a_lost_create_that_makes_a_record_of_another_ones_id_is_found() {
    let any = content("any", &[]);
    let history = [
        call(0, 1, create("n", &any), row("1", "n", &any)),
        call(2, 3, delete("1"), row("1", "n", &any)),
        lost(4, create("n", &any)),
        call(5, 6, create("n", &any), found("1", "n", &any)),
    ];
    assert_anomaly(&history, 3);
}

#[test]
fn every_lie_of_a_client_is_found() {
    for lie in Lie::ALL {
        for seed in 0..5 {
            let memory = Memory::default();
            // Other clients of a cell may hide a lie: what it says can be true while their calls are under way.
            let recorded = load(seed).run(|_| Liar::new(memory.client(0), lie, 5)).unwrap();
            let flaws = recorded.cells.iter().filter(|history| check(history).is_err()).count();
            assert!(flaws > 0, "{lie:?} of seed {seed} is believed");
        }
    }
}
