//! Which secrets serve a request that names none, told by their profiles. In an organisation of many secrets a request
//! costs what those cost that it is about, and these only after a change.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::try_join_all;
use keyholt_store::{OrgScope, Scope, SecretPage, SecretRange, SecretRow};
use keyholt_types::{Caller, SecretId};

use super::profile::Profile;
use super::usable::UseRequest;
use crate::authorise::Operation;
use crate::providers::{ProviderType, Unfit};
use crate::{Engine, Error, OrgChoice};

/// How many rows are read at a time.
const BATCH: u32 = 100;

/// How many bytes of details are read at a time, so that rows that are large do not take much memory.
const BATCH_BYTES: usize = 256 * 1024;

/// A secret that a request is about, and its weight, or why it cannot be used.
pub(super) struct Judged {
    pub(super) scope: Scope,
    pub(super) id: SecretId,
    pub(super) weight: Result<f64, Unfit>,
}

impl Engine {
    /// The secrets of the caller's organisations that a request without a secret's name is about, newest first.
    ///
    /// # Errors
    /// When the caller may not use, or the storage is unavailable.
    pub(super) async fn judge_secrets(
        &self,
        caller: &Caller,
        request: UseRequest<'_>,
    ) -> Result<Vec<Judged>, Error> {
        let orgs = self.all_orgs(caller, OrgChoice::Unnamed, Operation::UseSecrets)?;
        let kinds = kinds_for(request);
        let each_org = orgs.into_iter().map(async |org: OrgScope| {
            let lists = self.list_profiles(org, &kinds).await?;
            Ok::<_, Error>((org.secrets(), lists))
        });
        let lists = try_join_all(each_org).await?;
        let wanted = request.model.map(|model| self.models.wanted(model));
        let (reach, now) = (&caller.identity.restrictions, self.clock.now());
        let serves = |profile: &&Profile| {
            let is_served = match (request.provider, &wanted) {
                // The types were chosen by it.
                (Some(_), _) | (None, None) => true,
                (None, Some(wanted)) => wanted.is_served_by(profile.provider, &profile.models),
            };
            is_served && profile.is_there(reach, now)
        };
        let mut judged = Vec::new();
        for (scope, lists) in &lists {
            let all = lists.iter().flat_map(|list| list.iter()).filter(serves);
            judged.extend(all.map(|profile| Judged { scope: *scope, id: profile.id, weight: profile.weight }));
        }
        judged.sort_by_key(|one| Reverse(one.id));
        Ok(judged)
    }

    /// The profiles of an organisation's secrets of these types, a list for each.
    async fn list_profiles(&self, org: OrgScope, kinds: &[ProviderType]) -> Result<Vec<Arc<[Profile]>>, Error> {
        let ticks = self.clock.ticks();
        // Taken before anything is read: a change that is committed meanwhile ends it.
        let at = self.profiles.now(org.org(), ticks);
        let is_shared = self.store.is_shared();
        let mut lists = Vec::with_capacity(kinds.len());
        let mut missing = Vec::new();
        for kind in kinds {
            match self.profiles.find(org.org(), *kind, ticks, is_shared) {
                Some(list) => lists.push(list),
                None => missing.push(*kind),
            }
        }
        if missing.is_empty() {
            return Ok(lists);
        }
        for (kind, profiles) in self.read_profiles(org.secrets(), &missing).await? {
            let profiles = Arc::from(profiles);
            self.profiles.keep(org.org(), kind, at, &profiles);
            lists.push(profiles);
        }
        Ok(lists)
    }

    /// Opens all secrets of these types; each type has its list. Left out are those that do not open.
    async fn read_profiles(
        &self,
        scope: Scope,
        kinds: &[ProviderType],
    ) -> Result<BTreeMap<ProviderType, Vec<Profile>>, Error> {
        let mut lists: BTreeMap<ProviderType, Vec<Profile>> =
            kinds.iter().map(|kind| (*kind, Vec::new())).collect();
        let mut below = None;
        if kinds.len() > 1 {
            // Most organisations have few secrets, which are read at once whatever their types.
            let page = self.read_page(scope, None, None).await?;
            below = page.rows.last().map(|row| row.columns.id);
            let is_whole = page.is_whole;
            let rows = page.rows.into_iter().filter(|row| says_one_of(kinds, row));
            for profile in self.open_profiles(rows).await? {
                lists.entry(profile.provider).or_default().push(profile);
            }
            if is_whole {
                return Ok(lists);
            }
        }
        let each_kind = kinds.iter().map(|kind| self.read_profiles_of(scope, *kind, below));
        for profile in try_join_all(each_kind).await?.into_iter().flatten() {
            lists.entry(profile.provider).or_default().push(profile);
        }
        Ok(lists)
    }

    /// Opens the secrets of a type below an id.
    async fn read_profiles_of(
        &self,
        scope: Scope,
        kind: ProviderType,
        mut below: Option<SecretId>,
    ) -> Result<Vec<Profile>, Error> {
        let mut profiles = Vec::new();
        loop {
            let page = self.read_page(scope, Some(kind), below).await?;
            below = page.rows.last().map(|row| row.columns.id);
            profiles.extend(self.open_profiles(page.rows).await?);
            if page.is_whole {
                return Ok(profiles);
            }
        }
    }

    async fn read_page(
        &self,
        scope: Scope,
        kind: Option<ProviderType>,
        below: Option<SecretId>,
    ) -> Result<SecretPage, Error> {
        let range = SecretRange { above: None, below, kind: kind.map(ProviderType::word) };
        let page = self.store.list_secrets(scope, range, BATCH, BATCH_BYTES).await;
        page.map_err(|error| self.fault(&error))
    }

    async fn open_profiles(&self, rows: impl IntoIterator<Item = SecretRow>) -> Result<Vec<Profile>, Error> {
        let mut profiles = Vec::new();
        for row in rows {
            match self.open_row(row).await {
                Ok(secret) => profiles.extend(Profile::of(&secret)),
                Err(Error::Locked) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(profiles)
    }
}

/// The types of secrets that may serve a request that names none. Which of them do may depend on their metadata too:
/// a secret of any type may name models of its own.
fn kinds_for(request: UseRequest<'_>) -> Vec<ProviderType> {
    let may_serve = |kind: &ProviderType| {
        request.provider.is_none_or(|wanted| wanted == *kind) && (request.understands)(*kind)
    };
    ProviderType::ALL.into_iter().filter(may_serve).collect()
}

fn says_one_of(kinds: &[ProviderType], row: &SecretRow) -> bool {
    let kind = row.columns.kind.as_deref().and_then(ProviderType::parse);
    kind.is_some_and(|kind| kinds.contains(&kind))
}
