//! Histories that a store with one thing after the other can have.

use super::memory::{Memory, load};
use super::written::{call, content, create, delete, found, get, lost, patch, put, rename, row};
use crate::Stopwatch;
use crate::history::{Content, Outcome, check};

#[test]
fn an_order_may_be_any_while_calls_overlap() {
    let (none, a, b) = (Content::default(), content("", &[("a", 1)]), content("", &[("b", 2)]));
    let both = a.merged(&b);
    let history = [
        call(0, 1, create("n", &none), row("1", "n", &none)),
        call(2, 7, patch("1", &a), row("1", "n", &both)),
        call(3, 6, patch("1", &b), row("1", "n", &b)),
        // Reads the state between the two, after the second has been answered.
        call(4, 8, get("1"), row("1", "n", &b)),
    ];
    assert_eq!(check(&history), Ok(()));
}

#[test]
fn a_write_that_changes_nothing_now_may_be_needed_to_change_something_later() {
    let (one, two) = (content("", &[("a", 1)]), content("", &[("a", 2)]));
    let history = [
        call(0, 1, create("n", &one), row("1", "n", &one)),
        call(2, 9, patch("1", &one), row("1", "n", &one)),
        call(3, 5, patch("1", &two), row("1", "n", &two)),
        call(6, 7, get("1"), row("1", "n", &one)),
    ];
    assert_eq!(check(&history), Ok(()));
}

#[test]
fn names_that_are_free_again_are_given_again() {
    let any = content("any", &[("c.d", 1)]);
    let history = [
        call(0, 1, create("n", &any), row("1", "n", &any)),
        call(2, 3, rename("1", "m"), row("1", "m", &any)),
        call(4, 5, put("n", &any), row("2", "n", &any)),
        call(6, 7, rename("2", "m"), Outcome::Taken),
        call(8, 9, rename("2", "n"), row("2", "n", &any)),
        call(10, 11, delete("1"), row("1", "m", &any)),
        call(12, 13, delete("1"), Outcome::Absent),
        call(14, 15, rename("2", "m"), row("2", "m", &any)),
    ];
    assert_eq!(check(&history), Ok(()));
}

#[test]
fn a_call_without_an_answer_may_be_done_late_or_never() {
    let (old, new) = (content("old", &[]), content("new", &[]));
    let begin = [call(0, 1, create("n", &old), row("1", "n", &old)), lost(2, put("n", &new))];
    let never = [begin.as_slice(), &[call(3, 4, get("1"), row("1", "n", &old))]].concat();
    assert_eq!(check(&never), Ok(()));
    let late = [never.as_slice(), &[call(900, 901, get("1"), row("1", "n", &new))]].concat();
    assert_eq!(check(&late), Ok(()));
}

#[test]
fn the_id_of_a_lost_create_is_learnt_from_the_first_answer_that_shows_it() {
    let (old, new) = (content("old", &[]), content("new", &[]));
    let history = [
        lost(0, create("n", &old)),
        call(1, 2, create("n", &new), found("1", "n", &old)),
        call(3, 4, get("1"), row("1", "n", &old)),
        call(5, 6, delete("1"), row("1", "n", &old)),
        call(7, 8, create("n", &new), row("2", "n", &new)),
    ];
    assert_eq!(check(&history), Ok(()));
}

#[test]
fn what_one_store_answers_to_many_clients_is_explained() {
    for seed in 0..10 {
        let memory = Memory::default();
        let recorded = load(seed).run(|number| memory.client(number % 3 * 45)).unwrap();
        assert!(recorded.lost() > 0, "some answers get lost here");
        for history in &recorded.cells {
            check(history).unwrap_or_else(|flaw| panic!("seed {seed}: {flaw}"));
        }
    }
}

#[test]
fn a_hundred_thousand_operations_are_checked_within_the_patience_of_a_test() {
    let memory = Memory::default();
    let many = crate::history::Load { operations: 100_000, cells: 16, ..load(1) };
    let recorded = many.run(|_| memory.client(0)).unwrap();
    let watch = Stopwatch::start();
    for history in &recorded.cells {
        check(history).unwrap_or_else(|flaw| panic!("{flaw}"));
    }
    println!("{} operations checked in {:.1?}", recorded.operations(), watch.elapsed());
}
