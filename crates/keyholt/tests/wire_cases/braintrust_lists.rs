//! wire/braintrust.md 9 and 4.6: lists, filters, cursors.

use serde_json::json;

use crate::store::{Caller, Expect, ORG, Store};

/// Rows A to E, A the oldest; gives their ids.
fn five_rows(caller: &mut Caller) -> [String; 5] {
    ["A", "B", "C", "D", "E"].map(|name| caller.create(name))
}

fn names(caller: &mut Caller, query: &str) -> String {
    caller.names(&format!("{ORG}?{query}")).concat()
}

#[test]
fn a_cursor_is_a_position() {
    let store = Store::start();
    let mut caller = store.owner();
    let [a, b, c, d, e] = five_rows(&mut caller);
    let mut list = |query: String, expected: &str| assert_eq!(names(&mut caller, &query), expected, "{query}");
    list(String::new(), "EDCBA");
    list("limit=2".to_owned(), "ED");
    list(format!("starting_after={d}&limit=2"), "CB");
    list(format!("starting_after={b}&limit=2"), "A");
    list(format!("starting_after={a}&limit=2"), "");
    list(format!("ending_before={b}"), "EDC");
    list(format!("ending_before={b}&limit=1"), "C");
    list(format!("ending_before={b}&limit=2"), "DC");
    list(format!("ending_before={a}&limit=2"), "CB");
    list(format!("ending_before={c}&limit=2"), "ED");
    list(format!("ending_before={e}&limit=2"), "");
    list(format!("starting_after={e}&ending_before={b}"), "DC");
    list(format!("starting_after={e}&ending_before={b}&limit=1"), "D");
    list(format!("starting_after={c}&ending_before={c}"), "");
    list(format!("starting_after={b}&ending_before={d}"), "");
    list(format!("ids={a},{c}&starting_after={c}"), "A");
    list(format!("limit=0&starting_after={e}&ending_before={a}&ids={b}"), "");
    list("ending_before=00000000-0000-0000-0000-000000000000&limit=2".to_owned(), "BA");
    list("starting_after=ffffffff-ffff-ffff-ffff-ffffffffffff&limit=1".to_owned(), "E");
    caller.ask("DELETE", &format!("{ORG}/{c}")).expect_status(200);
    assert_eq!(names(&mut caller, &format!("starting_after={c}")), "BA");
    assert_eq!(names(&mut caller, &format!("starting_after={}", d.to_uppercase())), "BA");
}

#[test]
fn ids_come_repeated_joined_or_both() {
    let store = Store::start();
    let mut caller = store.owner();
    let [a, b, c, _, _] = five_rows(&mut caller);
    let unknown = "01a1fd70-f23d-726b-b2a7-4de452e6b438";
    let mut list = |query: String, expected: &str| assert_eq!(names(&mut caller, &query), expected, "{query}");
    list(format!("ids[]={a}"), "A");
    list(format!("ids%5B%5D={a}"), "A");
    list(format!("ids={a}&ids={b},{c}"), "CBA");
    list(format!("ids={a}%2C{b}"), "BA");
    list(format!("ids={a}&ids={a}"), "A");
    list(format!("ids={unknown}"), "");
    list(format!("ids={}", a.to_uppercase()), "A");
    for bad in [
        "ids=",
        "ids[]=",
        "ids=x",
        "ids=00",
        &format!("ids={a},"),
        &format!("ids={a},%20{b}"),
        &format!("ids={{{a}}}"),
    ] {
        caller.ask("GET", &format!("{ORG}?{bad}")).expect_refused_field("ids");
    }
}

#[test]
fn filters_by_name_and_type_are_exact() {
    let store = Store::start();
    let mut caller = store.owner();
    for (name, kind) in [("a", "x"), ("b", "y"), ("a,b", "x"), ("A b", "X"), ("c", "")] {
        caller.json("POST", ORG, &json!({ "name": name, "type": kind })).expect_status(200);
    }
    let mut list = |query: &str, expected: &[&str]| {
        assert_eq!(caller.names(&format!("{ORG}?{query}")), expected, "{query}")
    };
    list("ai_secret_name=a%2Cb", &["a,b"]);
    list("ai_secret_name=a", &["a"]);
    list("ai_secret_name=A+b", &["A b"]);
    list("ai_secret_name=A%20b", &["A b"]);
    list("ai_secret_name=", &[]);
    list("ai_secret_name=%00", &[]);
    list("ai_secret_type=x", &["a,b", "a"]);
    list("ai_secret_type=x,y", &["a,b", "b", "a"]);
    list("ai_secret_type=y&ai_secret_type[]=X", &["A b", "b"]);
    list("ai_secret_type%5B%5D=x&ai_secret_name=a", &["a"]);
    list("ai_secret_type=z", &[]);
    list("unknown=1&unknown=2&ai_secret_name=a", &["a"]);
}

#[test]
fn a_limit_is_digits_and_never_lowered() {
    let store = Store::start();
    let mut caller = store.owner();
    five_rows(&mut caller);
    for all in
        ["limit=", "limit=5", "limit=1000000", "limit=9223372036854775808", "limit=99999999999999999999999999"]
    {
        assert_eq!(names(&mut caller, all), "EDCBA", "{all}");
    }
    assert_eq!(names(&mut caller, "limit=0"), "");
    assert_eq!(names(&mut caller, "limit=002"), "ED");
    for bad in ["limit=-1", "limit=%2B1", "limit=1.5", "limit=x", "limit=1&limit=2", "limit=%201", "limit=1e3"]
    {
        caller.ask("GET", &format!("{ORG}?{bad}")).expect_refused_field("limit");
    }
    for (bad, field) in [("starting_after=", "starting_after"), ("ending_before=x", "ending_before")] {
        caller.ask("GET", &format!("{ORG}?{bad}")).expect_refused_field(field);
    }
    for bad in
        ["limit=%zz", "ai_secret_name=%ff", "ai_secret_name=a&ai_secret_name=b", "org_name=a&org_name=b", "x=%"]
    {
        caller.ask("GET", &format!("{ORG}?{bad}")).expect_status(400);
    }
}

#[test]
fn five_thousand_rows_come_in_one_list() {
    let store = Store::start();
    let mut caller = store.owner();
    // Ids of another time and in no order: a row takes its place by its id.
    for chunk in 0..5 {
        let secrets: Vec<_> = (0..1000)
            .map(|number| {
                let place = (number * 7 + 3) % 1000 + chunk * 1000;
                json!({ "id": format!("01900000-0000-7000-8000-{place:012x}"), "name": format!("row-{place:04}") })
            })
            .collect();
        caller.json("POST", "/keyholt/v1/secrets/import", &json!({ "secrets": secrets })).expect_status(200);
    }
    let newest_first: Vec<String> = (0..5000).rev().map(|place| format!("row-{place:04}")).collect();
    assert_eq!(caller.names(ORG), newest_first);
    assert_eq!(caller.names(&format!("{ORG}?limit=2000")), newest_first[..2000]);
}

#[test]
fn pages_that_are_deleted_leave_nothing_over() {
    let store = Store::start();
    let mut caller = store.owner();
    for number in 0..35 {
        caller.create(&format!("row-{number}"));
    }
    let mut target = format!("{ORG}?limit=10");
    let mut deleted = 0;
    loop {
        let page = caller.ask("GET", &target).expect_status(200).json();
        let ids: Vec<&str> =
            page["objects"].as_array().unwrap().iter().filter_map(|row| row["id"].as_str()).collect();
        let Some(last) = ids.last() else { break };
        for id in &ids {
            caller.ask("DELETE", &format!("{ORG}/{id}")).expect_status(200);
        }
        deleted += ids.len();
        target = format!("{ORG}?limit=10&starting_after={last}");
    }
    assert_eq!(deleted, 35);
    assert_eq!(caller.names(ORG).len(), 0);
}

#[test]
fn a_list_has_one_key_and_rows_are_as_when_asked_for_alone() {
    let store = Store::start();
    let mut caller = store.owner();
    let [_, _, _, _, e] = five_rows(&mut caller);
    let list = caller.ask("GET", ORG).expect_status(200).json();
    assert_eq!(list.as_object().unwrap().keys().collect::<Vec<_>>(), ["objects"]);
    assert_eq!(list["objects"][0], caller.ask("GET", &format!("{ORG}/{e}")).expect_status(200).json());
}
