//! Profiles that were read are kept, so that a request opens none but the secret that it is sent with.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use keyholt_types::OrgId;

use super::group::Group;
use super::profile::Profile;

/// When profiles were read: taken before the database is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadAt {
    /// Another one after every change of a secret of the organisation on this node.
    change: u64,
    /// On the clock that never steps back.
    ticks: Duration,
}

/// Profiles by organisation and group. They choose; what is chosen is read and proven anew before it is used, so that
/// nobody is served by what is no longer there.
///
/// Every change on this node ends those of its organisation before it is acknowledged. Where other nodes change the
/// database too, none is gone by for longer than [`LIFE`](Self::LIFE).
pub(crate) struct Profiles {
    /// How often secrets changed on this node, many organisations to a number.
    changes: Box<[AtomicU64]>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    lists: HashMap<(OrgId, Group), Kept>,
    bytes: usize,
}

struct Kept {
    at: ReadAt,
    profiles: Arc<[Profile]>,
    bytes: usize,
}

impl Default for Profiles {
    fn default() -> Self {
        Self { changes: (0..256).map(|_| AtomicU64::new(0)).collect(), known: RwLock::default() }
    }
}

impl Profiles {
    /// How long profiles are gone by where other nodes may change secrets: half of the second within which a change
    /// must hold everywhere (design/security.md A7).
    const LIFE: Duration = Duration::from_millis(500);

    /// The most bytes of all profiles, about; beyond, all are read again.
    const MOST_BYTES: usize = 8 * 1024 * 1024;

    /// What an empty list takes.
    const LIST_BYTES: usize = 128;

    pub(super) fn now(&self, org: OrgId, ticks: Duration) -> ReadAt {
        ReadAt { change: self.changes_of(org).load(Ordering::SeqCst), ticks }
    }

    /// The profiles of a group of an organisation's secrets, as far as they may still be gone by.
    pub(super) fn find(
        &self,
        org: OrgId,
        group: Group,
        ticks: Duration,
        is_shared: bool,
    ) -> Option<Arc<[Profile]>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let kept = known.lists.get(&(org, group))?;
        let is_current = kept.at.change == self.now(org, ticks).change
            && (!is_shared || ticks.saturating_sub(kept.at.ticks) < Self::LIFE);
        is_current.then(|| Arc::clone(&kept.profiles))
    }

    /// Keeps the profiles of a whole group of an organisation's secrets, read at this time.
    pub(super) fn keep(&self, org: OrgId, group: Group, at: ReadAt, profiles: &Arc<[Profile]>) {
        let bytes = Self::LIST_BYTES + profiles.iter().map(Profile::bytes).sum::<usize>();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = known.lists.remove(&(org, group)).map_or(0, |kept| kept.bytes);
        known.bytes -= before;
        if bytes > Self::MOST_BYTES {
            return;
        }
        if known.bytes + bytes > Self::MOST_BYTES {
            *known = Known::default();
        }
        known.bytes += bytes;
        known.lists.insert((org, group), Kept { at, profiles: Arc::clone(profiles), bytes });
    }

    /// Ends what is known of an organisation's secrets, also for those who are reading it now.
    pub(crate) fn forget(&self, org: OrgId) {
        self.changes_of(org).fetch_add(1, Ordering::SeqCst);
    }

    #[expect(clippy::indexing_slicing, reason = "a byte is below 256, the number of numbers")]
    fn changes_of(&self, org: OrgId) -> &AtomicU64 {
        // The last byte of an id is random.
        &self.changes[usize::from(org.as_bytes()[15])]
    }
}

#[cfg(test)]
mod tests {
    use keyholt_types::{ApiKeyId, Collection, Details, SecretColumns, SecretId, Timestamp};

    use super::*;
    use crate::SecretView;
    use crate::providers::ProviderType;

    const ORG: OrgId = OrgId::MIN;
    const GROUP: Group = Group::OfType(ProviderType::OpenAi);

    fn profiles(count: u32) -> Arc<[Profile]> {
        (0..count).filter_map(|number| Profile::of(&secret(&format!("{number:01000}")))).collect()
    }

    fn secret(name: &str) -> SecretView {
        let now = Timestamp::from_micros(0);
        SecretView {
            columns: SecretColumns {
                collection: Collection::Org(ORG),
                id: SecretId::MIN,
                version: 1,
                name: name.into(),
                kind: Some(ProviderType::OpenAi.word().into()),
                created_at: now,
                created_by: ApiKeyId::MIN,
                updated_at: None,
                updated_by: ApiKeyId::MIN,
                value_version: 0,
                value_hash: Vec::new(),
                value_updated_at: None,
                value_updated_by: None,
                ttl_seconds: None,
                expires_at: None,
                key_generation: 1,
            },
            details: Details { metadata: None, description: "".into(), preview: None, bound_to: None },
        }
    }

    fn after(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn what_was_read_before_a_change_is_not_gone_by_after_it() {
        let known = Profiles::default();
        let is_known = || known.find(ORG, GROUP, after(0), false).is_some();
        let at = known.now(ORG, after(0));
        known.forget(ORG);
        known.keep(ORG, GROUP, at, &profiles(1));
        assert!(!is_known(), "whoever reads while a change is committed may read what was before");
        known.keep(ORG, GROUP, known.now(ORG, after(0)), &profiles(1));
        assert!(is_known());
        known.forget(OrgId::MAX);
        assert!(is_known(), "a change elsewhere ends nothing here");
        known.forget(ORG);
        assert!(!is_known());
    }

    #[test]
    fn what_other_nodes_may_have_changed_is_gone_by_for_half_a_second() {
        let known = Profiles::default();
        known.keep(ORG, GROUP, known.now(ORG, after(1000)), &profiles(1));
        let is_known = |millis, is_shared| known.find(ORG, GROUP, after(millis), is_shared).is_some();
        assert!(is_known(1000, true) && is_known(1499, true));
        assert!(!is_known(1500, true) && !is_known(10_000, true));
        assert!(is_known(10_000, false), "nobody else changes a database of one node");
    }

    #[test]
    fn each_group_of_each_organisation_has_its_own() {
        let known = Profiles::default();
        known.keep(ORG, GROUP, known.now(ORG, after(0)), &profiles(3));
        let find = |org, group| known.find(org, group, after(0), false).map(|found| found.len());
        assert_eq!(find(ORG, GROUP), Some(3));
        assert_eq!((find(ORG, Group::NamingModels), find(OrgId::MAX, GROUP)), (None, None));
    }

    #[test]
    fn memory_has_a_bound() {
        let known = Profiles::default();
        let bytes = || known.known.read().unwrap().bytes;
        let at = known.now(ORG, after(0));
        known.keep(ORG, GROUP, at, &profiles(3000));
        let one = bytes();
        assert!((3_000_000..Profiles::MOST_BYTES / 2).contains(&one), "{one}");
        known.keep(ORG, GROUP, at, &profiles(3000));
        assert_eq!(bytes(), one, "what is read anew takes the place of what was");
        known.keep(ORG, Group::NamingModels, at, &profiles(3000));
        assert_eq!(bytes(), 2 * one);
        known.keep(ORG, Group::All, at, &profiles(3000));
        assert_eq!(bytes(), one, "all were given up but the last");
        known.keep(ORG, Group::All, at, &profiles(9000));
        assert_eq!((bytes(), known.known.read().unwrap().lists.len()), (0, 0), "too large to be kept");
    }
}
