//! Which secrets serve a request that names none, told by their profiles. In an organisation of many secrets a request
//! costs what those cost that it is about, and these only after a change.

use std::cmp::Reverse;
use std::sync::Arc;

use futures_util::future::try_join_all;
use keyholt_store::{OrgScope, Scope};
use keyholt_types::{Caller, SecretId};

use super::group::Group;
use super::group_rows::GroupRows;
use super::profile::Profile;
use super::usable::UseRequest;
use crate::authorise::Operation;
use crate::providers::{ProviderType, Unfit};
use crate::{Engine, Error, OrgChoice};

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
        let wanted = request.model.map(|model| self.models.wanted(model));
        let groups = groups_of(request, wanted.map_or(&[], |wanted| wanted.by_name()));
        let each_org = orgs.into_iter().map(async |org: OrgScope| {
            let lists = self.list_profiles(org, &groups).await?;
            Ok::<_, Error>((org.secrets(), lists))
        });
        let lists = try_join_all(each_org).await?;
        let (reach, now) = (&caller.identity.restrictions, self.clock.now());
        let serves = |profile: &&Profile| {
            let is_served = match (request.provider, &wanted) {
                // The group was chosen by it.
                (Some(_), _) | (None, None) => true,
                (None, Some(wanted)) => wanted.is_served_by(profile.provider, &profile.models),
            };
            is_served && (request.understands)(profile.provider) && profile.is_there(reach, now)
        };
        let mut judged = Vec::new();
        for (scope, lists) in &lists {
            let all = lists.iter().flat_map(|list| list.iter()).filter(serves);
            judged.extend(all.map(|profile| Judged { scope: *scope, id: profile.id, weight: profile.weight }));
        }
        judged.sort_by_key(|one| Reverse(one.id));
        // One that names models may be of a type that serves the model by its name, too.
        judged.dedup_by_key(|one| (one.scope, one.id));
        Ok(judged)
    }

    /// The profiles of these groups of an organisation's secrets, a list for each.
    async fn list_profiles(&self, org: OrgScope, groups: &[Group]) -> Result<Vec<Arc<[Profile]>>, Error> {
        let ticks = self.clock.ticks();
        // Taken before anything is read: a change that is committed meanwhile ends it.
        let at = self.profiles.now(org.org(), ticks);
        let is_shared = self.store.is_shared();
        let each_group = groups.iter().map(async |group| {
            if let Some(known) = self.profiles.find(org.org(), *group, ticks, is_shared) {
                return Ok(known);
            }
            let profiles = Arc::from(self.read_profiles(org.secrets(), *group).await?);
            self.profiles.keep(org.org(), *group, at, &profiles);
            Ok(profiles)
        });
        try_join_all(each_group).await
    }

    /// Opens all secrets of a group. Left out are those that do not open.
    async fn read_profiles(&self, scope: Scope, group: Group) -> Result<Vec<Profile>, Error> {
        let mut profiles = Vec::new();
        let groups = [group];
        let mut rows = GroupRows::new(self, scope, &groups);
        while let Some(batch) = rows.next().await? {
            for row in batch {
                match self.open_row(row).await {
                    Ok(secret) => profiles.extend(Profile::of(&secret)),
                    Err(Error::Locked) => {}
                    Err(other) => return Err(other),
                }
            }
        }
        Ok(profiles)
    }
}

/// The groups that a request may be about, if its model is served by these types by its name.
fn groups_of(request: UseRequest<'_>, by_name: &[ProviderType]) -> Vec<Group> {
    match (request.provider, request.model) {
        (Some(provider), _) => vec![Group::OfType(provider)],
        (None, Some(_)) => Group::of_model(by_name.iter().copied().filter(|kind| (request.understands)(*kind))),
        (None, None) => vec![Group::All],
    }
}
