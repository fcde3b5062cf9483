//! Wrong keys from one address.

use crate::fixture::{
    ORG, PROJECT, WRONG, assert_says_when_to_come_back, is_never_too_many, setup, start_with, until_too_many,
};

const FEW: [&str; 4] = ["--limits-refused-per-address", "1", "--limits-refused-burst", "5"];

#[test]
fn too_many_wrong_keys_are_429_on_every_wire_and_400_in_plain_text_under_api() {
    let setup = setup();
    let server = start_with(&setup, &FEW);
    let mut wrong = server.anonymous().bearer(WRONG);
    assert_eq!(wrong.send("GET", ORG, None).unwrap().status, 401, "the first one");
    for target in [ORG, PROJECT, "/v3/whoami", "/keyholt/v1/whoami"] {
        assert_says_when_to_come_back(&until_too_many(&mut wrong, "GET", target));
    }
    // A write is refused in the same way, before its body is read.
    assert_says_when_to_come_back(&until_too_many(&mut wrong, "POST", ORG));
    let plain = until_too_many(&mut wrong, "POST", "/api/apikey/login");
    assert_eq!((plain.status, plain.header("content-type")), (400, Some("text/plain; charset=utf-8")));
    assert_eq!(plain.text(), "Too many requests, retry later");
}

#[test]
fn a_request_without_a_key_counts_as_one_with_a_wrong_key() {
    let setup = setup();
    let server = start_with(&setup, &FEW);
    assert_says_when_to_come_back(&until_too_many(&mut server.anonymous(), "GET", ORG));
    assert_says_when_to_come_back(&until_too_many(&mut server.anonymous().bearer(WRONG), "GET", ORG));
}

#[test]
fn the_right_key_is_served_from_an_address_that_sends_too_many_wrong_ones() {
    let setup = setup();
    let server = start_with(&setup, &FEW);
    let (mut wrong, mut right) = (server.anonymous().bearer(WRONG), server.client());
    for _ in 0..50 {
        until_too_many(&mut wrong, "GET", ORG);
        assert_eq!(right.send("GET", ORG, None).unwrap().status, 200);
        assert_eq!(right.send("POST", "/api/apikey/login", None).unwrap().status, 200);
    }
}

#[test]
fn without_a_limit_every_wrong_key_is_401() {
    let setup = setup();
    let server = start_with(&setup, &["--limits-refused-per-address", "0"]);
    // As many as with the limit would be too many.
    let mut wrong = server.anonymous().bearer(WRONG);
    assert!(is_never_too_many(&mut wrong, ORG) && is_never_too_many(&mut wrong, PROJECT));
    assert_eq!(wrong.send("GET", ORG, None).unwrap().status, 401);
}
