//! Whoever can write the database cannot have anything opened that was not sealed there.

use keyholt_crypto::{Keyring, OpenError, WrappedKek, WrappedRingKey};
use keyholt_types::{
    ApiKeyId, Collection, DeploymentId, EncryptedValue, PrincipalId, ProjectId, SecretColumns, Timestamp,
};
use uuid::Uuid;

use crate::fixture::{
    DEPLOYMENT, Deployment, ORG, OTHER_ORG, OTHER_SECRET, SECRET, columns, deployment, details, kek,
    sealed_value, value,
};

/// Opens the bytes with each bit flipped, cut off at each length, and made longer: none may open.
fn assert_no_change_opens<T>(bytes: &[u8], opens: impl Fn(&[u8]) -> Result<T, OpenError>) {
    assert!(opens(bytes).is_ok(), "unchanged it opens");
    let mut changed = bytes.to_vec();
    for bit in 0..bytes.len() * 8 {
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(opens(&changed).is_err(), "bit {bit} flipped");
        changed[bit / 8] ^= 1 << (bit % 8);
    }
    for length in 0..bytes.len() {
        assert!(opens(&bytes[..length]).is_err(), "cut off at {length}");
    }
    for more in [1, 16, 64] {
        changed.resize(bytes.len() + more, 0);
        assert!(opens(&changed).is_err(), "{more} bytes longer");
    }
}

#[test]
fn no_change_of_a_sealed_value_opens() {
    let kek = kek();
    let whole = sealed_value(&kek);
    assert_no_change_opens(&whole.sealed, |bytes| {
        kek.open_value(SECRET, 1, &EncryptedValue { sealed: bytes.to_vec(), ..whole.clone() })
    });
}

#[test]
fn no_change_of_a_wrapped_dek_opens() {
    let kek = kek();
    let whole = sealed_value(&kek);
    assert_no_change_opens(&whole.wrapped_key, |bytes| {
        kek.open_value(SECRET, 1, &EncryptedValue { wrapped_key: bytes.to_vec(), ..whole.clone() })
    });
}

#[test]
fn no_change_of_a_details_blob_opens() {
    let kek = kek();
    let columns = columns(&sealed_value(&kek));
    let sealed = kek.seal_details(&columns, &details()).unwrap();
    assert_no_change_opens(&sealed, |bytes| kek.open_details(&columns, bytes));
}

#[test]
fn no_change_of_a_wrapped_organisation_key_opens() {
    let ring = deployment(DEPLOYMENT).ring;
    let (_, whole) = ring.make_kek(ORG, 1).unwrap();
    assert_no_change_opens(&whole.wrapped, |bytes| {
        ring.unwrap_kek(ORG, &WrappedKek { wrapped: bytes.to_vec(), ..whole.clone() })
    });
}

#[test]
fn no_change_of_a_wrapped_ring_key_or_of_the_check_opens() {
    let Deployment { root, wrapped_ring_key: WrappedRingKey { generation, wrapped }, check, .. } =
        deployment(DEPLOYMENT);
    let open = |wrapped: &[u8], check: &[u8]| {
        let ring = WrappedRingKey { generation, wrapped: wrapped.to_vec() };
        Keyring::open(&root, DEPLOYMENT, &[ring], check).map_err(|_| OpenError::Damaged)
    };
    assert_no_change_opens(&wrapped, |bytes| open(bytes, &check));
    assert_no_change_opens(&check, |bytes| open(&wrapped, bytes));
}

#[test]
fn a_value_opens_for_its_own_secret_and_version_alone() {
    let kek = kek();
    let sealed = sealed_value(&kek);
    assert!(kek.open_value(SECRET, 1, &sealed).is_ok());
    assert_eq!(kek.open_value(OTHER_SECRET, 1, &sealed).unwrap_err(), OpenError::Damaged);
    for version in [0, 2, -1, i64::MAX] {
        assert_eq!(kek.open_value(SECRET, version, &sealed).unwrap_err(), OpenError::Damaged);
    }
}

#[test]
fn parts_of_two_values_do_not_mix() {
    let kek = kek();
    let (one, other) = (sealed_value(&kek), kek.seal_value(SECRET, 2, &value("other")).unwrap());
    let mixed = EncryptedValue { wrapped_key: one.wrapped_key.clone(), sealed: other.sealed };
    assert_eq!(kek.open_value(SECRET, 1, &mixed).unwrap_err(), OpenError::WrongKey);
    let mixed = EncryptedValue { wrapped_key: other.wrapped_key, sealed: one.sealed };
    assert_eq!(kek.open_value(SECRET, 1, &mixed).unwrap_err(), OpenError::Damaged);
}

#[test]
fn another_organisation_opens_nothing() {
    let ring = deployment(DEPLOYMENT).ring;
    let ((kek, wrapped), (other, _)) = (ring.make_kek(ORG, 1).unwrap(), ring.make_kek(OTHER_ORG, 1).unwrap());
    let sealed = sealed_value(&kek);
    assert_eq!(other.open_value(SECRET, 1, &sealed).unwrap_err(), OpenError::WrongKey);
    // Nor does it help to hang the first one's key over to it.
    assert_eq!(ring.unwrap_kek(OTHER_ORG, &wrapped).unwrap_err(), OpenError::Damaged);
    let columns = columns(&sealed);
    let blob = kek.seal_details(&columns, &details()).unwrap();
    assert_eq!(other.open_details(&columns, &blob), Err(OpenError::WrongKey));
    let theirs = SecretColumns { collection: Collection::Org(OTHER_ORG), ..columns };
    assert_eq!(other.open_details(&theirs, &blob), Err(OpenError::WrongKey));
}

#[test]
fn another_deployment_or_generation_opens_nothing() {
    let sealing = kek();
    let sealed = sealed_value(&sealing);
    let other = deployment(DeploymentId::new(Uuid::from_u128(0xE))).ring.make_kek(ORG, 1).unwrap().0;
    let newer = deployment(DEPLOYMENT).ring.make_kek(ORG, 2).unwrap().0;
    for kek in [other, newer] {
        assert_eq!(kek.open_value(SECRET, 1, &sealed).unwrap_err(), OpenError::WrongKey);
    }
}

#[test]
fn what_was_sealed_for_one_purpose_opens_for_no_other() {
    let kek = kek();
    let value = sealed_value(&kek);
    let columns = columns(&value);
    let blob = kek.seal_details(&columns, &details()).unwrap();
    for other in [&value.sealed, &value.wrapped_key] {
        assert!(kek.open_details(&columns, other).is_err());
    }
    for (wrapped_key, sealed) in [
        (&value.sealed, &value.sealed),
        (&value.wrapped_key, &value.wrapped_key),
        (&blob, &value.sealed),
        (&value.wrapped_key, &blob),
        (&value.sealed, &value.wrapped_key),
    ] {
        let mixed = EncryptedValue { wrapped_key: wrapped_key.clone(), sealed: sealed.clone() };
        assert!(kek.open_value(SECRET, 1, &mixed).is_err());
    }
}

type Change = fn(&mut SecretColumns);

/// One change of each field, and of each way in which a field can be absent.
const CHANGES: &[(&str, Change)] = &[
    ("org", |columns| columns.collection = Collection::Org(OTHER_ORG)),
    ("project to org", |columns| columns.collection = Collection::Org(ORG)),
    ("project", |columns| columns.collection = Collection::Project(ORG, ProjectId::MAX)),
    ("id", |columns| columns.id = OTHER_SECRET),
    ("version", |columns| columns.version += 1),
    ("name", |columns| columns.name = "openai_api_key".into()),
    ("type", |columns| columns.kind = Some("anthropic".into())),
    ("no type", |columns| columns.kind = None),
    ("empty type", |columns| columns.kind = Some("".into())),
    ("created at", |columns| columns.created_at = Timestamp::from_micros(columns.created_at.micros() + 1)),
    ("created by", |columns| columns.created_by = ApiKeyId::MAX),
    ("updated at", |columns| columns.updated_at = columns.updated_at.map(|at| at.plus_seconds(1))),
    ("never updated", |columns| columns.updated_at = None),
    ("updated by", |columns| columns.updated_by = ApiKeyId::MAX),
    ("value version", |columns| columns.value_version += 1),
    ("value hash", |columns| columns.value_hash[31] ^= 1),
    ("no value hash", |columns| columns.value_hash.clear()),
    ("value updated at", |columns| columns.value_updated_at = columns.updated_at),
    ("value never updated", |columns| columns.value_updated_at = None),
    ("value updated by", |columns| columns.value_updated_by = Some(PrincipalId::MAX)),
    ("value updated by nobody", |columns| columns.value_updated_by = None),
    ("ttl", |columns| columns.ttl_seconds = Some(86_401)),
    ("no ttl", |columns| columns.ttl_seconds = None),
    ("expiry", |columns| columns.expires_at = columns.expires_at.map(|at| at.plus_seconds(1))),
    ("no expiry", |columns| columns.expires_at = None),
    ("key generation", |columns| columns.key_generation += 1),
];

#[test]
fn details_open_with_exactly_their_columns() {
    let kek = kek();
    let columns = columns(&sealed_value(&kek));
    let sealed = kek.seal_details(&columns, &details()).unwrap();
    assert_eq!(kek.open_details(&columns, &sealed), Ok(details()));
    for (field, change) in CHANGES {
        let mut changed = columns.clone();
        change(&mut changed);
        assert_ne!(changed, columns, "{field}");
        assert!(kek.open_details(&changed, &sealed).is_err(), "{field}");
    }
}
