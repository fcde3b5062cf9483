//! Root keys open their own ring and no other.

use keyholt_crypto::{Keyring, KeyringError, OpenError, RootKeyError, WrappedKek, WrappedRingKey};
use keyholt_types::{Credential, DeploymentId};
use uuid::Uuid;

use crate::fixture::{DEPLOYMENT, Deployment, ORG, OTHER_ORG, SECRET, deployment, root_key, text_of, value};

const OTHER_DEPLOYMENT: DeploymentId = DeploymentId::new(Uuid::from_u128(0xE));

#[test]
fn what_one_process_sealed_the_next_one_opens() {
    let Deployment { root, ring, wrapped_ring_key, check } = deployment(DEPLOYMENT);
    let (kek, wrapped_kek) = ring.make_kek(ORG, 1).unwrap();
    let sealed = kek.seal_value(SECRET, 1, &value("x")).unwrap();
    let credential = Credential::new("an operator's own".to_owned());
    let macs = ring.credential_macs(&credential);
    drop((ring, kek));

    let ring = Keyring::open(&root, DEPLOYMENT, &[wrapped_ring_key], &check).unwrap();
    assert_eq!((ring.deployment(), ring.primary_generation()), (DEPLOYMENT, 1));
    let kek = ring.unwrap_kek(ORG, &wrapped_kek).unwrap();
    assert_eq!(kek.generation(), 1);
    assert_eq!(text_of(&kek.open_value(SECRET, 1, &sealed).unwrap()), "x");
    assert_eq!(ring.credential_macs(&credential), macs);
}

#[test]
fn a_wrong_root_key_is_told_as_such() {
    let Deployment { wrapped_ring_key, check, .. } = deployment(DEPLOYMENT);
    let opened = Keyring::open(&root_key(), DEPLOYMENT, &[wrapped_ring_key], &check);
    let wrong = RootKeyError::WrongKey { origin: "the test".to_owned() };
    assert_eq!(opened.unwrap_err(), KeyringError::RootKey(wrong));
}

#[test]
fn ring_keys_of_another_deployment_or_generation_are_damaged_ones() {
    let Deployment { root, wrapped_ring_key, check, .. } = deployment(DEPLOYMENT);
    let damaged = KeyringError::RootKey(RootKeyError::Damaged { origin: "the test".to_owned() });
    let rings = [wrapped_ring_key.clone()];
    assert_eq!(Keyring::open(&root, OTHER_DEPLOYMENT, &rings, &check).unwrap_err(), damaged);
    let rings = [WrappedRingKey { generation: 2, ..wrapped_ring_key }];
    assert_eq!(Keyring::open(&root, DEPLOYMENT, &rings, &check).unwrap_err(), damaged);
}

#[test]
fn a_ring_that_is_empty_or_not_the_checks_is_refused() {
    let Deployment { root, wrapped_ring_key, check, .. } = deployment(DEPLOYMENT);
    assert_eq!(Keyring::open(&root, DEPLOYMENT, &[], &check).unwrap_err(), KeyringError::NoRingKey);
    // The same root key, deployment and generation, but another ring key.
    let (_, other_ring_key, other_check) = Keyring::create(&root, DEPLOYMENT).unwrap();
    let opened = |ring: &WrappedRingKey, check: &[u8]| {
        Keyring::open(&root, DEPLOYMENT, std::slice::from_ref(ring), check).map(drop)
    };
    let refused = Err(KeyringError::Check(OpenError::WrongKey));
    assert_eq!(opened(&wrapped_ring_key, &other_check), refused);
    assert_eq!(opened(&other_ring_key, &check), refused);
    assert_eq!(opened(&wrapped_ring_key, &[]), Err(KeyringError::Check(OpenError::Damaged)));
    assert_eq!(opened(&wrapped_ring_key, &check), Ok(()));
}

#[test]
fn an_organisations_key_opens_for_that_organisation_and_generation_alone() {
    let Deployment { ring, .. } = deployment(DEPLOYMENT);
    let (_, wrapped) = ring.make_kek(ORG, 1).unwrap();
    let opened = |org, wrapped: &WrappedKek| ring.unwrap_kek(org, wrapped).map(drop);
    assert_eq!(opened(ORG, &wrapped), Ok(()));
    assert_eq!(opened(OTHER_ORG, &wrapped), Err(OpenError::Damaged));
    assert_eq!(opened(ORG, &WrappedKek { generation: 2, ..wrapped.clone() }), Err(OpenError::Damaged));
    assert_eq!(opened(ORG, &WrappedKek { ring_generation: 2, ..wrapped.clone() }), Err(OpenError::WrongKey));
    let elsewhere = deployment(OTHER_DEPLOYMENT).ring;
    assert_eq!(elsewhere.unwrap_kek(ORG, &wrapped).unwrap_err(), OpenError::WrongKey);
}

#[test]
fn macs_and_proofs_depend_on_key_and_message() {
    let (ring, other) = (deployment(DEPLOYMENT).ring, deployment(DEPLOYMENT).ring);
    let credential = |text: &str| Credential::new(text.to_owned());
    assert_ne!(ring.credential_macs(&credential("a")), ring.credential_macs(&credential("b")));
    assert_ne!(ring.credential_macs(&credential("a")), other.credential_macs(&credential("a")));

    let proof = ring.api_key_proof(1, b"row").unwrap();
    assert!(ring.verify_api_key_proof(1, b"row", &proof));
    assert!(!ring.verify_api_key_proof(1, b"raw", &proof));
    assert!(!ring.verify_api_key_proof(2, b"row", &proof));
    assert!(!ring.verify_api_key_proof(1, b"row", &proof[..31]));
    assert!(!other.verify_api_key_proof(1, b"row", &proof));
    assert_eq!(ring.api_key_proof(2, b"row"), None);
    // Each use has a key of its own.
    assert_ne!(ring.credential_macs(&credential("row"))[0].mac, proof);
}

#[test]
fn an_audit_chain_breaks_where_a_record_was_changed_added_or_taken_out() {
    let ring = deployment(DEPLOYMENT).ring;
    let key = ring.audit_key(1).unwrap();
    assert!(ring.audit_key(2).is_none());
    let (begin, records) = ([0; 32], [b"one", b"two", b"six"]);
    let first = key.step(&begin, records[0]);
    let second = key.step(&first, records[1]);
    let third = key.step(&second, records[2]);
    assert!(key.verify(&begin, records[0], &first) && key.verify(&second, records[2], &third));
    assert!(!key.verify(&first, b"too", &second), "changed");
    assert!(!key.verify(&first, records[2], &third), "taken out");
    assert!(!key.verify(&second, records[1], &second), "added");
    assert!(!key.verify(&begin, records[0], &first[..31]));
    assert!(!deployment(DEPLOYMENT).ring.audit_key(1).unwrap().verify(&begin, records[0], &first));
}

#[test]
fn keys_do_not_print() {
    let Deployment { root, ring, .. } = deployment(DEPLOYMENT);
    let (kek, _) = ring.make_kek(ORG, 1).unwrap();
    let printed = format!("{root:?} {ring:?} {kek:?} {:?}", ring.audit_key(1).unwrap());
    assert_eq!(
        printed,
        format!(
            "LocalRootKey(the test) Keyring({DEPLOYMENT}, generation 1) Kek({ORG}, generation 1) AuditKey(**)"
        )
    );
}
