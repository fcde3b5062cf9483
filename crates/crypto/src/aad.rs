//! Associated data: what binds a sealed thing to its place, so that it opens nowhere else.

use keyholt_types::{DeploymentId, OrgId, SecretId, fixed_order_bytes};

/// The first field of all associated data.
const FORMAT: &[u8] = b"keyholt/v1";

/// What is sealed. Frozen.
#[derive(Clone, Copy)]
enum Purpose {
    Value,
    Dek,
    OrgKey,
    RingKey,
    Check,
    Details,
}

impl Purpose {
    const fn word(self) -> &'static [u8] {
        match self {
            Self::Value => b"value",
            Self::Dek => b"dek",
            Self::OrgKey => b"org-key",
            Self::RingKey => b"ring-key",
            Self::Check => b"check",
            Self::Details => b"details",
        }
    }

    /// The field of the record that it belongs to: a Dek belongs to the value.
    const fn field(self) -> &'static [u8] {
        match self {
            Self::Value | Self::Dek => b"value",
            Self::OrgKey | Self::RingKey => b"key",
            Self::Check => b"check",
            Self::Details => b"details",
        }
    }
}

/// The place of something sealed: a record of an organisation of a deployment, or of the deployment
/// itself.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    purpose: Purpose,
    deployment: DeploymentId,
    org: Option<OrgId>,
    record: [u8; 16],
    version: i64,
    key_generation: i64,
}

impl Place {
    /// A value of a secret, under a Dek. It stays as it is when its Dek is wrapped anew, so it names no
    /// generation.
    pub(crate) const fn of_value(deployment: DeploymentId, org: OrgId, secret: SecretId, version: i64) -> Self {
        Self {
            purpose: Purpose::Value,
            deployment,
            org: Some(org),
            record: *secret.as_bytes(),
            version,
            key_generation: 0,
        }
    }

    /// The Dek of that value, under a Kek.
    pub(crate) const fn of_dek(
        deployment: DeploymentId,
        org: OrgId,
        secret: SecretId,
        version: i64,
        key_generation: i64,
    ) -> Self {
        Self { purpose: Purpose::Dek, key_generation, ..Self::of_value(deployment, org, secret, version) }
    }

    /// The details blob of a secret, under a Kek's details key.
    pub(crate) const fn of_details(
        deployment: DeploymentId,
        org: OrgId,
        secret: SecretId,
        version: i64,
        key_generation: i64,
    ) -> Self {
        Self { purpose: Purpose::Details, key_generation, ..Self::of_value(deployment, org, secret, version) }
    }

    /// A Kek of an organisation, under a ring key.
    pub(crate) const fn of_org_key(
        deployment: DeploymentId,
        org: OrgId,
        generation: i64,
        ring_generation: i64,
    ) -> Self {
        Self {
            purpose: Purpose::OrgKey,
            deployment,
            org: Some(org),
            record: *org.as_bytes(),
            version: generation,
            key_generation: ring_generation,
        }
    }

    /// A ring key, under the root key.
    pub(crate) const fn of_ring_key(deployment: DeploymentId, generation: i64) -> Self {
        Self {
            purpose: Purpose::RingKey,
            deployment,
            org: None,
            record: *deployment.as_bytes(),
            version: generation,
            key_generation: 0,
        }
    }

    /// The check value of a deployment, under a ring key.
    pub(crate) const fn of_check(deployment: DeploymentId, ring_generation: i64) -> Self {
        Self {
            purpose: Purpose::Check,
            deployment,
            org: None,
            record: *deployment.as_bytes(),
            version: 0,
            key_generation: ring_generation,
        }
    }

    /// The generation of the key that seals here; it is the sealed thing's key id too.
    pub(crate) const fn key_generation(&self) -> i64 {
        self.key_generation
    }

    /// The associated data: length-prefixed fields in fixed order.
    pub(crate) fn aad(&self) -> Vec<u8> {
        self.with_fields(|fields| fixed_order_bytes(fields))
    }

    /// The associated data with one field more.
    pub(crate) fn aad_with(&self, more: &[u8]) -> Vec<u8> {
        self.with_fields(|&[a, b, c, d, e, f, g, h]| fixed_order_bytes(&[a, b, c, d, e, f, g, h, more]))
    }

    fn with_fields<T>(&self, use_them: impl FnOnce(&[&[u8]; 8]) -> T) -> T {
        use_them(&[
            FORMAT,
            self.purpose.word(),
            self.deployment.as_bytes(),
            self.org.as_ref().map_or(&[], |org| org.as_bytes()),
            &self.record,
            &self.version.to_be_bytes(),
            self.purpose.field(),
            &self.key_generation.to_be_bytes(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::OpenError;
    use crate::seal::{open, seal};

    fn places() -> Vec<Place> {
        // The same number everywhere: only the purpose and the order of the fields tell the places apart.
        let one = |number| Uuid::from_u128(number);
        let places = |number| {
            let (deployment, org) = (DeploymentId::new(one(number)), OrgId::new(one(number)));
            let secret = SecretId::new(one(number));
            [
                Place::of_value(deployment, org, secret, 1),
                Place::of_dek(deployment, org, secret, 1, 0),
                Place::of_details(deployment, org, secret, 1, 0),
                Place::of_org_key(deployment, org, 1, 0),
                Place::of_ring_key(deployment, 1),
                Place::of_check(deployment, 0),
            ]
        };
        let version = Place { version: 2, ..places(1)[0] };
        let org = Place { org: Some(OrgId::new(one(2))), ..version };
        let record = Place { record: *one(2).as_bytes(), ..version };
        places(1).into_iter().chain(places(2)).chain([version, org, record]).collect()
    }

    #[test]
    fn what_is_sealed_at_one_place_opens_at_no_other() {
        for (number, place) in places().iter().enumerate() {
            let sealed = seal(&[7; 32], 0, &place.aad(), b"text").unwrap();
            for (other_number, other) in places().iter().enumerate() {
                let opened = open(&[7; 32], 0, &other.aad(), &sealed).map(drop);
                let expected = if number == other_number { Ok(()) } else { Err(OpenError::Damaged) };
                assert_eq!(opened, expected, "{number} at {other_number}");
                assert!(open(&[7; 32], 0, &other.aad_with(b""), &sealed).is_err());
            }
        }
    }
}
