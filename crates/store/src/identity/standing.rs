//! Conditions that keep an installation and its organisations from being left without anybody who can look after them.

use keyholt_types::{OrgId, Rights, Timestamp};

use crate::Unmet;
use crate::changes::{Changes, Needs};
use crate::param::params;

/// What there must still be an API key of. One whose member is suspended, or has no right left, stands for nobody; nor
/// does a credential for a short time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether it may be narrowed to some secrets or addresses.
    pub may_be_narrowed: bool,
    /// Whether it may have an end.
    pub may_end: bool,
}

macro_rules! stands {
    ($more:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM api_keys k JOIN api_key_grants g ON g.api_key_id = k.id
               JOIN memberships m ON m.org_id = g.org_id AND m.principal_id = k.principal_id
             WHERE k.parent_id IS NULL AND k.revoked_at IS NULL AND m.suspended_at IS NULL
               AND (k.expires_at IS NULL OR (k.expires_at > ?1 AND ?2 = 1)) AND (k.restrictions = '' OR ?3 = 1) AND ",
            $more,
            ")"
        )
    };
}

impl Changes {
    /// Goes on only where there is an operator's API key after what comes before this; [`Unmet::NoOperator`] where there
    /// is none. Of two such changes one comes after the other.
    pub fn require_operator_key(self, standing: Standing, now: Timestamp) -> Self {
        // The first statement holds the row until the end, so that the second sees what others did.
        self.push("UPDATE deployment SET id = id", params![], Needs::OneRow { none: Unmet::Stale }).push(
            concat!(
                "UPDATE deployment SET id = id WHERE ",
                stands!("k.operator = 1 AND (g.rights & m.rights) <> 0")
            ),
            params![now.micros(), i64::from(standing.may_end), i64::from(standing.may_be_narrowed)],
            Needs::OneRow { none: Unmet::NoOperator },
        )
    }

    /// Goes on only where there is an API key with all of these rights in an organisation after what comes before this;
    /// [`Unmet::NoOwner`] where there is none. Of two such changes one comes after the other.
    pub fn require_owner_key(self, org: OrgId, rights: Rights, standing: Standing, now: Timestamp) -> Self {
        self.push(
            "UPDATE orgs SET version = version + 1 WHERE id = ?1",
            params![org.as_bytes()],
            Needs::OneRow { none: Unmet::Stale },
        )
        .push(
            concat!(
                "UPDATE orgs SET version = version WHERE id = ?4 AND ",
                stands!("g.org_id = ?4 AND (g.rights & m.rights & ?5) = ?5")
            ),
            params![
                now.micros(),
                i64::from(standing.may_end),
                i64::from(standing.may_be_narrowed),
                org.as_bytes(),
                rights.bits(),
            ],
            Needs::OneRow { none: Unmet::NoOwner },
        )
    }
}
