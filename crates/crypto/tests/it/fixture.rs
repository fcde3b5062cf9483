//! A deployment with one organisation and one secret.

use keyholt_crypto::{Kek, Keyring, LocalRootKey, WrappedRingKey, value_hash};
use keyholt_types::{
    ApiKeyId, Collection, DeploymentId, Details, EncryptedValue, Metadata, OrgId, PrincipalId, ProjectId,
    SecretColumns, SecretId, SecretValue, Timestamp,
};
use uuid::Uuid;

pub(crate) const DEPLOYMENT: DeploymentId = DeploymentId::new(Uuid::from_u128(0xD));
pub(crate) const ORG: OrgId = OrgId::new(Uuid::from_u128(0x0));
pub(crate) const OTHER_ORG: OrgId = OrgId::new(Uuid::from_u128(0x1));
pub(crate) const SECRET: SecretId = SecretId::new(Uuid::from_u128(0x5));
pub(crate) const OTHER_SECRET: SecretId = SecretId::new(Uuid::from_u128(0x6));

pub(crate) fn root_key() -> LocalRootKey {
    LocalRootKey::parse(&LocalRootKey::generate_text().unwrap(), "the test").unwrap()
}

pub(crate) struct Deployment {
    pub(crate) root: LocalRootKey,
    pub(crate) ring: Keyring,
    pub(crate) wrapped_ring_key: WrappedRingKey,
    pub(crate) check: Vec<u8>,
}

pub(crate) fn deployment(id: DeploymentId) -> Deployment {
    let root = root_key();
    let (ring, wrapped_ring_key, check) = Keyring::create(&root, id).unwrap();
    Deployment { root, ring, wrapped_ring_key, check }
}

pub(crate) fn kek() -> Kek {
    deployment(DEPLOYMENT).ring.make_kek(ORG, 1).unwrap().0
}

pub(crate) fn value(text: &str) -> SecretValue {
    SecretValue::parse(text.to_owned()).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: tests compare values made for them")]
pub(crate) fn text_of(value: &SecretValue) -> &str {
    value.expose()
}

pub(crate) fn sealed_value(kek: &Kek) -> EncryptedValue {
    kek.seal_value(SECRET, 1, &value("sk-proj-Wq3vT8mZkL2nR5xB7cY9")).unwrap()
}

pub(crate) fn details() -> Details {
    Details {
        metadata: Some(Metadata::from_trusted_json(r#"{"api_base":"https://example.com"}"#)),
        description: "For everybody".into(),
        preview: Some("********7cY9".into()),
        bound_to: None,
    }
}

/// The columns of a row in which nothing is absent.
pub(crate) fn columns(sealed: &EncryptedValue) -> SecretColumns {
    let key = |number| ApiKeyId::new(Uuid::from_u128(number));
    SecretColumns {
        collection: Collection::Project(ORG, ProjectId::new(Uuid::from_u128(0x9))),
        id: SECRET,
        version: 3,
        name: "OPENAI_API_KEY".into(),
        kind: Some("openai".into()),
        created_at: Timestamp::from_micros(1_795_253_400_125_999),
        created_by: key(0xA),
        updated_at: Some(Timestamp::from_micros(1_795_253_500_000_001)),
        updated_by: key(0xB),
        value_version: 1,
        value_hash: value_hash(sealed).to_vec(),
        value_updated_at: Some(Timestamp::from_micros(1_795_253_450_000_000)),
        value_updated_by: Some(PrincipalId::new(Uuid::from_u128(0xC))),
        ttl_seconds: Some(86_400),
        expires_at: Some(Timestamp::from_micros(1_795_339_800_125_999)),
        key_generation: 1,
    }
}
