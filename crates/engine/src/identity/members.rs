//! Members: given other rights, suspended, named otherwise, removed.

use keyholt_store::{Audited, Changes, MemberRow, MembershipRow, PrincipalRow};
use keyholt_types::{Action, Caller, FieldProblem, OrgGrant, OrgId, PrincipalId, Rights};

use super::principals::{membership, subject};
use crate::authorise::Operation;
use crate::engine::{ATTEMPTS, NotCommitted};
use crate::{Engine, Error, Field, MemberPatch, MemberView, OrgChoice};

impl Engine {
    /// Changes what is given of a member: rights and suspension in one organisation, name and address
    /// everywhere. Who is a member of one organisation that the caller administers becomes one of another by
    /// being given rights there. Holds for every API key of the member from when this returns.
    ///
    /// # Errors
    /// When there is no such member, the caller may not, gives more than they have, or did not say in which of
    /// several organisations; [`Error::LastOne`] when no operator or no owner would be left.
    pub async fn patch_member(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        id: PrincipalId,
        patch: MemberPatch,
    ) -> Result<MemberView, Error> {
        for _ in 0..ATTEMPTS {
            let Some(change) = self.member_change(caller, org, id, &patch).await? else {
                return self.managed_member(caller, id).await;
            };
            match self.commit_identity(Action::MemberUpdate, change).await {
                Ok(()) => return self.managed_member(caller, id).await,
                Err(NotCommitted::Stale | NotCommitted::Taken) => {}
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    async fn member_change(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        id: PrincipalId,
        patch: &MemberPatch,
    ) -> Result<Option<Audited>, Error> {
        let principal = self.principal_to_manage(caller, id).await?;
        let memberships = self.store.list_memberships(id).await.map_err(|error| self.fault(&error))?;
        let mut change = None;
        if patch.rights.is_some() || patch.suspended.is_some() {
            let (grant, present) = self.membership_to_manage(caller, org, &memberships)?;
            let edited = self.edited_membership(caller, grant, &principal, present, patch)?;
            if let Some((changes, action)) = edited {
                let event = self.event(Some(caller), grant.org, action, subject(&principal));
                let conditions = match present {
                    Some(present) if takes_away(present, patch) => self.to_lower(caller, present).await?,
                    Some(_) | None => Changes::new(),
                };
                change = Some(changes.record(event).provided(conditions));
            }
        }
        if let Some(renamed) = edited_principal(&principal, patch) {
            // A name is the same in all organisations: who changes it must administer each of them.
            for membership in &memberships {
                self.grant_to_manage(caller, membership.org)?;
            }
            // Each of them can read it in its own log.
            let mut events = memberships.iter().map(|membership| {
                self.event(Some(caller), membership.org, Action::PrincipalUpdate, subject(&renamed))
            });
            let first = events.next().ok_or(Error::NotFound)?;
            let renaming = events
                .fold(Changes::new().update_principal(&renamed).record(first), |all, event| {
                    all.and(Changes::new().record(event))
                });
            change = Some(renaming.after(change));
        }
        Ok(change)
    }

    /// Ends a membership. What the member was given or made stays; its API keys have no rights in the
    /// organisation any more from when this returns.
    ///
    /// # Errors
    /// When there is no such member, the caller may not, did not say in which of several organisations, or
    /// the member comes from tokens, which would bring it back: such a one is suspended instead;
    /// [`Error::LastOne`] when no operator or no owner would be left.
    pub async fn remove_member(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        id: PrincipalId,
    ) -> Result<MemberView, Error> {
        for _ in 0..ATTEMPTS {
            let principal = self.principal_to_manage(caller, id).await?;
            if principal.token.is_some() {
                let problem =
                    FieldProblem::MustBe("suspended instead: a token of its issuer would bring it back");
                return Err(Error::Invalid(Field::Principal, problem));
            }
            let memberships = self.store.list_memberships(id).await.map_err(|error| self.fault(&error))?;
            let (grant, present) = self.membership_to_manage(caller, org, &memberships)?;
            let present = present.ok_or(Error::NotFound)?;
            let event = self.event(Some(caller), grant.org, Action::MemberRemove, subject(&principal));
            let before = super::principals::view(caller, principal, &memberships);
            let conditions = self.to_lower(caller, present).await?;
            let removed = Changes::new().delete_membership(present).record(event).provided(conditions);
            match self.commit_identity(Action::MemberRemove, removed).await {
                Ok(()) => return Ok(before),
                Err(NotCommitted::Stale | NotCommitted::Taken) => {}
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    /// A member whom the caller has just been found to administer: who may change, but not read, is shown what
    /// they changed all the same.
    async fn managed_member(&self, caller: &Caller, id: PrincipalId) -> Result<MemberView, Error> {
        let found = self.store.find_principal(id).await.map_err(|error| self.fault(&error))?;
        self.member_view(caller, found.ok_or(Error::NotFound)?).await
    }

    /// A principal who is a member of an organisation that the caller administers.
    async fn principal_to_manage(&self, caller: &Caller, id: PrincipalId) -> Result<PrincipalRow, Error> {
        for scope in self.all_orgs(caller, OrgChoice::Unnamed, Operation::ManageIdentity)? {
            let found = self.store.find_member(scope, id).await.map_err(|error| self.fault(&error))?;
            if let Some(MemberRow { principal, .. }) = found {
                return Ok(principal);
            }
        }
        Err(Error::NotFound)
    }

    /// Which organisation is meant, and the membership there if there is one.
    fn membership_to_manage<'a, 'b>(
        &self,
        caller: &'a Caller,
        org: OrgChoice<'_>,
        memberships: &'b [MembershipRow],
    ) -> Result<(&'a OrgGrant, Option<&'b MembershipRow>), Error> {
        let in_org = |id: OrgId| memberships.iter().find(|membership| membership.org == id);
        if let OrgChoice::Named(name) = org {
            let found = caller.identity.orgs.iter().find(|grant| &*grant.org_name == name);
            let found = found.ok_or_else(|| self.deny_org(caller, Operation::ManageIdentity))?;
            let grant = self.grant_to_manage(caller, found.org)?;
            return Ok((grant, in_org(grant.org)));
        }
        let administered = |membership: &&MembershipRow| {
            let grant = caller.identity.grant_in(membership.org);
            grant.is_some_and(|grant| grant.rights.has(Operation::ManageIdentity.right()))
        };
        let mut candidates = memberships.iter().filter(administered);
        match (candidates.next(), candidates.next()) {
            (Some(only), None) => Ok((self.grant_to_manage(caller, only.org)?, Some(only))),
            (Some(_), Some(_)) => Err(Error::OrgRequired),
            (None, _) => Err(Error::NotFound),
        }
    }

    fn grant_to_manage<'a>(&self, caller: &'a Caller, org: OrgId) -> Result<&'a OrgGrant, Error> {
        let grant = caller.identity.grant_in(org);
        let administered = grant.filter(|grant| grant.rights.has(Operation::ManageIdentity.right()));
        // An organisation that is not the caller's learns nothing of who tried.
        let own = grant.map(|grant| grant.org);
        administered.ok_or_else(|| self.deny(caller, own, Operation::ManageIdentity))
    }

    /// Refuses to raise a member with an API key that is narrowed: keys of that member's need not be, and would do
    /// what this one may not.
    fn check_raise(
        &self,
        caller: &Caller,
        grant: &OrgGrant,
        before: Rights,
        after: Rights,
    ) -> Result<(), Error> {
        if after.is_within(before) || caller.identity.restrictions.each().is_empty() {
            return Ok(());
        }
        Err(self.deny_more(caller, Some(grant.org), Operation::ManageIdentity))
    }

    /// A membership as a patch leaves it; none when it changes nothing.
    fn edited_membership(
        &self,
        caller: &Caller,
        grant: &OrgGrant,
        principal: &PrincipalRow,
        present: Option<&MembershipRow>,
        patch: &MemberPatch,
    ) -> Result<Option<(Changes, Action)>, Error> {
        if patch.rights.is_some_and(|rights| !rights.is_within(grant.rights)) {
            return Err(self.deny_more(caller, Some(grant.org), Operation::ManageIdentity));
        }
        let now = self.clock.now();
        let before = present.map_or(Rights::NONE, MembershipRow::effective);
        let Some(present) = present else {
            let rights = patch.rights.ok_or(Error::NotFound)?;
            self.check_raise(caller, grant, before, rights)?;
            let mut row = membership(principal, grant.org, rights);
            row.created_at = now;
            row.suspended_at = (patch.suspended == Some(true)).then_some(now);
            return Ok(Some((Changes::new().insert_membership(&row), Action::MemberAdd)));
        };
        let mut row = present.clone();
        row.rights = patch.rights.unwrap_or(row.rights);
        row.suspended_at = match patch.suspended {
            None => row.suspended_at,
            Some(true) => Some(row.suspended_at.unwrap_or(now)),
            Some(false) => None,
        };
        if row == *present {
            return Ok(None);
        }
        self.check_raise(caller, grant, before, row.effective())?;
        row.version += 1;
        // Taking somebody back in gives them all their rights again.
        let restored: Rights = if present.suspended_at.is_some() { row.effective() } else { Rights::NONE };
        if !restored.is_within(grant.rights) {
            return Err(self.deny_more(caller, Some(grant.org), Operation::ManageIdentity));
        }
        Ok(Some((Changes::new().update_membership(&row), Action::MemberUpdate)))
    }
}

/// Whether a patch leaves a member less than they have.
fn takes_away(present: &MembershipRow, patch: &MemberPatch) -> bool {
    patch.suspended == Some(true) || patch.rights.is_some_and(|rights| !present.rights.is_within(rights))
}

/// A principal as a patch leaves it; none when it changes nothing.
fn edited_principal(present: &PrincipalRow, patch: &MemberPatch) -> Option<PrincipalRow> {
    let mut row = present.clone();
    if let Some(name) = &patch.name {
        row.name = name.as_str().into();
    }
    row.email = patch.email.as_ref().map(Clone::clone).apply(row.email);
    if row == *present {
        return None;
    }
    row.version += 1;
    Some(row)
}
