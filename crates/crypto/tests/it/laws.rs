//! Sealing and opening are inverse, and say nothing else.

use keyholt_crypto::{SealError, value_hash};
use keyholt_types::{Collection, Details, Metadata, SecretColumns};
use proptest::prelude::*;

use crate::fixture::{OTHER_ORG, SECRET, columns, details, kek, sealed_value, text_of, value};

proptest! {
    #[test]
    fn a_value_comes_back(text in "(?s).{1,300}", version: i64) {
        let kek = kek();
        let sealed = kek.seal_value(SECRET, version, &value(&text)).unwrap();
        let opened = kek.open_value(SECRET, version, &sealed).unwrap();
        prop_assert_eq!(text_of(&opened), text);
    }

    #[test]
    fn details_come_back(
        metadata in proptest::option::of("(?s).{0,300}"),
        description in "(?s).{0,300}",
        preview in proptest::option::of(".{0,20}"),
        bound_to in proptest::option::of(".{0,20}"),
    ) {
        let kek = kek();
        let columns = columns(&sealed_value(&kek));
        let details = Details {
            metadata: metadata.as_deref().map(Metadata::from_trusted_json),
            description: description.into(),
            preview: preview.map(Into::into),
            bound_to: bound_to.map(Into::into),
        };
        let sealed = kek.seal_details(&columns, &details).unwrap();
        prop_assert_eq!(kek.open_details(&columns, &sealed), Ok(details));
    }
}

#[test]
fn the_largest_value_comes_back() {
    let (kek, text) = (kek(), "é".repeat(32 * 1024));
    let sealed = kek.seal_value(SECRET, 1, &value(&text)).unwrap();
    assert_eq!(text_of(&kek.open_value(SECRET, 1, &sealed).unwrap()), text);
}

#[test]
fn the_lengths_of_short_values_are_hidden() {
    let kek = kek();
    let length = |bytes| kek.seal_value(SECRET, 1, &value(&"x".repeat(bytes))).unwrap().sealed.len();
    assert!((1..=63).all(|bytes| length(bytes) == 74 + 64 + 16));
    assert!((64..=127).all(|bytes| length(bytes) == 74 + 128 + 16));
}

#[test]
fn the_same_value_is_never_sealed_the_same_way() {
    let kek = kek();
    let (one, other) = (sealed_value(&kek), sealed_value(&kek));
    assert!(one.sealed != other.sealed && one.wrapped_key != other.wrapped_key);
    assert_ne!(value_hash(&one), value_hash(&other));
}

#[test]
fn details_are_sealed_for_the_keys_own_organisation_and_generation_alone() {
    let kek = kek();
    let columns = columns(&sealed_value(&kek));
    let newer = SecretColumns { key_generation: 2, ..columns.clone() };
    let elsewhere = SecretColumns { collection: Collection::Org(OTHER_ORG), ..columns };
    for other in [newer, elsewhere] {
        assert_eq!(kek.seal_details(&other, &details()), Err(SealError::OtherKey));
    }
}
