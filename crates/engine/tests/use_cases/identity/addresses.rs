//! Where an API key may be used from. From anywhere else it is an unknown one.

use keyholt_engine::{Error, NewApiKey};
use keyholt_testkit::TestEngine;
use keyholt_types::{Action, Outcome, Role, SubjectKind};

use super::fixture::{refusals, restriction};

/// An address, and whether a key is valid from there.
type From = (&'static str, bool);

/// Allow-lists, and from where a key that has them is valid.
const TABLE: &[(&[&str], &[From])] = &[
    (&[], &[("203.0.113.9", true), ("2001:db8::1", true), ("::ffff:203.0.113.9", true)]),
    (
        &["192.0.2.7"],
        &[
            ("192.0.2.7", true),
            ("192.0.2.6", false),
            ("::ffff:192.0.2.7", true),
            ("::192.0.2.7", false),
            ("64:ff9b::192.0.2.7", false),
            ("2002:c000:207::", false),
        ],
    ),
    (
        &["10.0.0.0/8", "192.0.2.0/25"],
        &[
            ("10.0.0.0", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("192.0.2.127", true),
            ("192.0.2.128", false),
            ("::ffff:10.1.2.3", true),
            ("::ffff:11.1.2.3", false),
            ("::a01:203", false),
            ("::1", false),
        ],
    ),
    (
        &["2001:db8:1::/48"],
        &[
            ("2001:db8:1::", true),
            ("2001:db8:1:ffff:ffff:ffff:ffff:ffff", true),
            ("2001:db8:2::", false),
            ("2001:db8::", false),
            ("192.0.2.7", false),
        ],
    ),
    (&["::1"], &[("::1", true), ("127.0.0.1", false), ("::2", false)]),
    (&["0.0.0.0/0"], &[("203.0.113.9", true), ("::ffff:203.0.113.9", true), ("2001:db8::1", false)]),
    (&["::/0"], &[("2001:db8::1", true), ("203.0.113.9", false), ("::ffff:203.0.113.9", false)]),
    // Bits beyond the prefix do not count.
    (&["10.1.2.3/8"], &[("10.9.9.9", true), ("11.1.2.3", false)]),
];

#[tokio::test]
async fn a_key_is_valid_from_its_addresses_and_nowhere_else() {
    let test = TestEngine::in_memory().await;
    for (ranges, addresses) in TABLE {
        let new =
            NewApiKey { restriction: restriction(&[], &[], ranges), ..TestEngine::new_key(Role::App.rights()) };
        let api_key = test.issue_with(&test.owner, new).await.unwrap();
        // Twice, so that what was kept of one address is asked for from another.
        for _ in 0..2 {
            for (address, may) in *addresses {
                let shown = test.caller_from(&api_key, address).await;
                let expected = if *may { Ok(()) } else { Err(Error::Unauthenticated) };
                assert_eq!(shown.map(drop), expected, "{ranges:?} {address}");
            }
        }
        // From nowhere that is known.
        assert_eq!(test.caller(&api_key).await.is_ok(), ranges.is_empty(), "{ranges:?}");
    }
}

#[tokio::test]
async fn a_key_of_a_narrowed_key_is_valid_where_both_are() {
    let test = TestEngine::in_memory().await;
    let owner = Role::Owner.rights();
    let within =
        |ranges| NewApiKey { restriction: restriction(&[], &[], ranges), ..TestEngine::new_key(owner) };
    let maker = test.issue_with(&test.owner, within(&["10.0.0.0/8"])).await.unwrap();
    let maker = test.caller_from(&maker, "10.1.1.1").await.unwrap();
    let child = test.issue_with(&maker, within(&["10.1.0.0/16", "192.0.2.0/24"])).await.unwrap();
    for (address, may) in [("10.1.2.3", true), ("10.2.2.3", false), ("192.0.2.1", false)] {
        assert_eq!(test.caller_from(&child, address).await.is_ok(), may, "{address}");
    }
    let plain = test.issue_with(&maker, TestEngine::new_key(owner)).await.unwrap();
    for (address, may) in [("10.2.2.3", true), ("11.2.2.3", false)] {
        assert_eq!(test.caller_from(&plain, address).await.is_ok(), may, "{address}");
    }
    assert_eq!(test.caller(&plain).await.unwrap_err(), Error::Unauthenticated);
}

#[tokio::test]
async fn who_shows_a_key_from_elsewhere_is_in_the_log_of_its_organisation() {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let new = NewApiKey {
        orgs: vec!["acme".into()],
        restriction: restriction(&[], &[], &["10.0.0.0/8"]),
        ..TestEngine::new_key(Role::Owner.rights())
    };
    let api_key = test.issue_with(&both, new).await.unwrap();
    let inside = test.caller_from(&api_key, "10.1.2.3").await.unwrap();
    for _ in 0..3 {
        test.caller_from(&api_key, "203.0.113.9").await.unwrap_err();
    }
    test.caller_from(&api_key, "2001:db8::1").await.unwrap_err();
    let events = refusals(&test, &inside).await;
    let by_address: Vec<_> =
        events.iter().map(|event| (event.address.unwrap().to_string(), event.count)).collect();
    assert_eq!(by_address, [("2001:db8::1".into(), 1), ("203.0.113.9".into(), 3)]);
    for event in &events {
        assert_eq!((event.action, event.outcome), (Action::Authenticate, Outcome::Refused));
        assert_eq!(event.org, Some(inside.identity.orgs[0].org));
        assert_eq!(event.api_key, Some(inside.identity.api_key));
        assert_eq!(event.principal, Some(inside.identity.principal));
        assert_eq!(event.subject.kind, SubjectKind::ApiKey);
        assert_eq!(event.subject.id, inside.identity.api_key.uuid());
    }
    // Another organisation's log says nothing of it.
    let of_default = test.engine.list_audit(
        &test.owner,
        keyholt_engine::OrgChoice::Named("default"),
        keyholt_engine::PageRequest { starting_after: None, limit: 100 },
    );
    assert!(of_default.await.unwrap().iter().all(|record| record.event.outcome == Outcome::Done));
}
