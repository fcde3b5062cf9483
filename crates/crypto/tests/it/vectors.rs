//! What must open forever: sealed by an independent implementation, `tests/vectors/generate.py`.

use keyholt_crypto::{
    Kek, Keyring, LocalRootKey, WrappedKek, WrappedRingKey, has_valid_checksum, shown_prefix, value_hash,
};
use keyholt_types::{
    ApiKeyId, Collection, Credential, DeploymentId, Details, EncryptedValue, Metadata, OrgId, PrincipalId,
    ProjectId, SecretColumns, SecretId, Timestamp,
};
use serde_json::Value;

use crate::fixture::text_of;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/v1.json")).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn optional_text(value: &Value) -> Option<Box<str>> {
    value.as_str().map(Into::into)
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let digits = text(value).as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    let items = value.as_array().unwrap();
    assert!(!items.is_empty());
    items.iter()
}

fn org(vectors: &Value) -> OrgId {
    OrgId::parse(text(&vectors["org"])).unwrap()
}

fn open_ring(vectors: &Value) -> Keyring {
    let root = LocalRootKey::parse(text(&vectors["root_key"]), "the vectors").unwrap();
    let deployment = DeploymentId::parse(text(&vectors["deployment"])).unwrap();
    let mut rings: Vec<_> = items(&vectors["ring_keys"])
        .map(|ring| WrappedRingKey {
            generation: number(&ring["generation"]),
            wrapped: bytes(&ring["wrapped"]),
        })
        .collect();
    let check = bytes(&vectors["check"]);
    rings.reverse();
    Keyring::open(&root, deployment, &rings, &check).unwrap();
    rings.reverse();
    Keyring::open(&root, deployment, &rings, &check).unwrap()
}

fn open_kek(vectors: &Value) -> Kek {
    let kek = &vectors["kek"];
    let wrapped = WrappedKek {
        generation: number(&kek["generation"]),
        ring_generation: number(&kek["ring_generation"]),
        wrapped: bytes(&kek["wrapped"]),
    };
    open_ring(vectors).unwrap_kek(org(vectors), &wrapped).unwrap()
}

fn columns(vectors: &Value, columns: &Value) -> SecretColumns {
    let moment = |value: &Value| value.as_i64().map(Timestamp::from_micros);
    let org = org(vectors);
    SecretColumns {
        collection: columns["project"].as_str().map_or(Collection::Org(org), |project| {
            Collection::Project(org, ProjectId::parse(project).unwrap())
        }),
        id: SecretId::parse(text(&columns["id"])).unwrap(),
        version: number(&columns["version"]),
        name: text(&columns["name"]).into(),
        kind: optional_text(&columns["type"]),
        created_at: moment(&columns["created_at"]).unwrap(),
        created_by: ApiKeyId::parse(text(&columns["created_by"])).unwrap(),
        updated_at: moment(&columns["updated_at"]),
        updated_by: ApiKeyId::parse(text(&columns["updated_by"])).unwrap(),
        value_version: number(&columns["value_version"]),
        value_hash: bytes(&columns["value_hash"]),
        value_updated_at: moment(&columns["value_updated_at"]),
        value_updated_by: columns["value_updated_by"].as_str().map(|id| PrincipalId::parse(id).unwrap()),
        ttl_seconds: columns["ttl_seconds"].as_i64(),
        expires_at: moment(&columns["expires_at"]),
        key_generation: number(&vectors["kek"]["generation"]),
    }
}

#[test]
fn the_ring_opens_in_any_order_and_the_newest_key_is_the_primary_one() {
    assert_eq!(open_ring(&vectors()).primary_generation(), 2);
}

#[test]
fn values_open() {
    let vectors = vectors();
    let kek = open_kek(&vectors);
    for vector in items(&vectors["values"]) {
        let secret = SecretId::parse(text(&vector["secret"])).unwrap();
        let sealed =
            EncryptedValue { wrapped_key: bytes(&vector["wrapped_key"]), sealed: bytes(&vector["sealed"]) };
        assert_eq!(value_hash(&sealed).as_slice(), bytes(&vector["value_hash"]));
        let opened = kek.open_value(secret, number(&vector["value_version"]), &sealed).unwrap();
        assert_eq!(text_of(&opened), text(&vector["plaintext"]));
    }
}

#[test]
fn details_open() {
    let vectors = vectors();
    let kek = open_kek(&vectors);
    for vector in items(&vectors["details"]) {
        let columns = columns(&vectors, &vector["columns"]);
        assert_eq!(columns.canonical_bytes(), bytes(&vector["canonical"]));
        let details = Details {
            metadata: vector["metadata"].as_str().map(Metadata::from_trusted_json),
            description: text(&vector["description"]).into(),
            preview: optional_text(&vector["preview"]),
            bound_to: optional_text(&vector["bound_to"]),
        };
        assert_eq!(kek.open_details(&columns, &bytes(&vector["sealed"])), Ok(details));
    }
}

#[test]
fn credentials_are_recognised() {
    let vectors = vectors();
    let ring = open_ring(&vectors);
    for vector in items(&vectors["credentials"]) {
        let credential = Credential::new(text(&vector["credential"]).to_owned());
        let shown = text(&vector["shown"]);
        assert_eq!(shown_prefix(&credential), shown);
        let ours = (!shown.is_empty()).then_some(true);
        assert_eq!(has_valid_checksum(text(&vector["credential"])), ours);
        let macs = ring.credential_macs(&credential);
        let macs: Vec<_> = macs.iter().map(|mac| (mac.ring_generation, mac.mac.to_vec())).collect();
        let expected: Vec<_> =
            items(&vector["macs"]).map(|mac| (number(&mac["ring_generation"]), bytes(&mac["mac"]))).collect();
        assert_eq!(macs, expected);
    }
}

#[test]
fn proofs_of_api_keys_verify() {
    let vectors = vectors();
    let ring = open_ring(&vectors);
    for vector in items(&vectors["proofs"]) {
        let (generation, canonical) = (number(&vector["ring_generation"]), bytes(&vector["canonical"]));
        let proof = bytes(&vector["proof"]);
        assert!(ring.verify_api_key_proof(generation, &canonical, &proof));
        assert_eq!(ring.api_key_proof(generation, &canonical).unwrap().as_slice(), proof);
    }
}

#[test]
fn audit_chains_verify() {
    let vectors = vectors();
    let audit = &vectors["audit"];
    let key = open_ring(&vectors).audit_key(number(&audit["ring_generation"])).unwrap();
    let mut previous = vec![0; 32];
    for step in items(&audit["steps"]) {
        assert_eq!(bytes(&step["previous"]), previous);
        let (record, mac) = (bytes(&step["record"]), bytes(&step["mac"]));
        assert!(key.verify(&previous, &record, &mac));
        assert_eq!(key.step(&previous, &record).as_slice(), mac);
        previous = mac;
    }
}
