//! Users and service accounts: made, listed, looked up.

use keyholt_crypto::moment_of;
use keyholt_store::{Changes, MemberRow, MembershipRow, PrincipalKind, PrincipalRow};
use keyholt_types::{Action, Caller, FieldProblem, OrgGrant, OrgId, PrincipalId, Rights, Subject, SubjectKind};

use super::page::{BATCH, Gathering};
use crate::authorise::{Operation, sees_others};
use crate::engine::NotCommitted;
use crate::{Engine, Error, Field, IdentityFilter, MemberView, MembershipView, NewPrincipal, OrgChoice};

/// Which members to list.
#[derive(Debug, Clone, Default)]
pub struct MemberFilter {
    /// Ids, names, position.
    pub page: IdentityFilter<PrincipalId>,
    /// Only of this kind.
    pub kind: Option<PrincipalKind>,
    /// Only those with one of these electronic mail addresses.
    pub emails: Option<Vec<Box<str>>>,
}

impl MemberFilter {
    fn admits(&self, principal: &PrincipalRow) -> bool {
        let has_email = |emails: &Vec<Box<str>>| emails.iter().any(|one| principal.email.as_ref() == Some(one));
        self.page.has_name(&principal.name)
            && self.kind.is_none_or(|kind| kind == principal.kind)
            && self.emails.as_ref().is_none_or(has_email)
    }
}

impl Engine {
    /// Makes a user or a service account, a member of organisations that the caller administers. Nobody gives
    /// more rights than they have.
    ///
    /// # Errors
    /// When the caller may not, or did not say in which of several organisations.
    pub async fn create_principal(&self, caller: &Caller, new: NewPrincipal) -> Result<MemberView, Error> {
        let grants = self.orgs_to_manage(caller, &new.orgs, new.rights)?;
        let id = PrincipalId::new(self.ids.mint(self.clock.now()));
        let principal = PrincipalRow {
            id,
            kind: new.kind,
            name: new.name.as_str().into(),
            email: new.email,
            token: None,
            created_at: moment_of(id.uuid()),
            version: 1,
        };
        let memberships: Vec<MembershipRow> =
            grants.iter().map(|grant| membership(&principal, grant.org, new.rights)).collect();
        let mut change = Changes::new().insert_principal(&principal);
        let mut events = Vec::with_capacity(memberships.len());
        for row in &memberships {
            change = change.insert_membership(row);
            events.push(self.event(Some(caller), row.org, Action::PrincipalCreate, subject(&principal)));
        }
        let mut events = events.into_iter();
        let first = events.next().ok_or(Error::OrgRequired)?;
        let change =
            events.fold(change.record(first), |change, event| change.and(Changes::new().record(event)));
        match self.commit(Action::PrincipalCreate, change).await {
            Ok(()) => Ok(view(caller, principal, &memberships)),
            Err(NotCommitted::Taken | NotCommitted::Stale) => Err(Error::Busy),
            Err(NotCommitted::Failed(error)) => Err(error),
        }
    }

    /// The organisations of these names, or the caller's only one, in which the caller may let others do this.
    pub(super) fn orgs_to_manage<'a>(
        &self,
        caller: &'a Caller,
        names: &[Box<str>],
        rights: Rights,
    ) -> Result<Vec<&'a OrgGrant>, Error> {
        let own = &caller.identity.orgs;
        let mut grants: Vec<&OrgGrant> = Vec::new();
        if names.is_empty() {
            let [only] = own.as_slice() else { return Err(Error::OrgRequired) };
            grants.push(only);
        }
        for name in names {
            let found = own.iter().find(|grant| grant.org_name == *name);
            let grant = found.ok_or_else(|| self.deny_org(caller, Operation::ManageIdentity))?;
            if !grants.iter().any(|other| other.org == grant.org) {
                grants.push(grant);
            }
        }
        for grant in &grants {
            if !grant.rights.has(Operation::ManageIdentity.right()) {
                return Err(self.deny(caller, Some(grant.org), Operation::ManageIdentity));
            }
            if !rights.is_within(grant.rights) {
                return Err(self.deny_more(caller, Some(grant.org), Operation::ManageIdentity));
            }
        }
        Ok(grants)
    }

    /// Lists members of the caller's organisations, newest first: all of those where the caller may read, else
    /// only the caller's own principal.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn list_members(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        filter: &MemberFilter,
    ) -> Result<Vec<MemberView>, Error> {
        let mut lists = Vec::new();
        for (scope, reads_all) in self.own_orgs(caller, org) {
            let is_wanted = |row: &MemberRow| {
                filter.admits(&row.principal) && (reads_all || row.principal.id == caller.identity.principal)
            };
            let mut list = Gathering::of(&filter.page);
            while let Some(range) = list.next() {
                let rows = self.store.list_members(scope, range, BATCH).await;
                list.take(rows.map_err(|error| self.fault(&error))?, |row| row.principal.id, is_wanted);
            }
            lists.push(list);
        }
        let rows = Gathering::join(lists, &filter.page, |row| row.principal.id);
        let mut members = Vec::with_capacity(rows.len());
        for row in rows {
            members.push(self.member_view(caller, row.principal).await?);
        }
        Ok(members)
    }

    /// A member that the caller may see.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, whatever the reason.
    pub async fn find_member(&self, caller: &Caller, id: PrincipalId) -> Result<MemberView, Error> {
        for (scope, reads_all) in self.own_orgs(caller, OrgChoice::Unnamed) {
            if !reads_all && id != caller.identity.principal {
                continue;
            }
            let found = self.store.find_member(scope, id).await.map_err(|error| self.fault(&error))?;
            if let Some(row) = found {
                return self.member_view(caller, row.principal).await;
            }
        }
        Err(Error::NotFound)
    }

    /// Whether there is such a service account in the one organisation that is meant, which the caller
    /// administers.
    ///
    /// # Errors
    /// When the caller may not, did not say in which of several organisations, or there is no such member or it is a
    /// user.
    pub async fn require_service_account(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        id: PrincipalId,
    ) -> Result<(), Error> {
        let scope = self.one_org(caller, org, Operation::ManageIdentity)?;
        let found = self.store.find_member(scope, id).await.map_err(|error| self.fault(&error))?;
        let problem = match found.map(|row| row.principal.kind) {
            Some(PrincipalKind::ServiceAccount) => return Ok(()),
            Some(PrincipalKind::User) => FieldProblem::MustBe("a service account, not a user"),
            None => FieldProblem::MustBe("a member of the organisation"),
        };
        Err(Error::Invalid(Field::Principal, problem))
    }

    pub(super) async fn member_view(
        &self,
        caller: &Caller,
        principal: PrincipalRow,
    ) -> Result<MemberView, Error> {
        let memberships = self.store.list_memberships(principal.id).await;
        Ok(view(caller, principal, &memberships.map_err(|error| self.fault(&error))?))
    }
}

/// A principal's membership from the beginning.
pub(super) fn membership(principal: &PrincipalRow, org: OrgId, rights: Rights) -> MembershipRow {
    MembershipRow {
        org,
        principal: principal.id,
        rights,
        suspended_at: None,
        created_at: principal.created_at,
        version: 1,
    }
}

pub(super) fn subject(principal: &PrincipalRow) -> Subject {
    Subject { kind: SubjectKind::Principal, id: principal.id.uuid(), name: principal.name.clone() }
}

/// A member, with the memberships that the caller may see: one's own, as far as the caller's organisations go, and
/// others' where the caller sees others.
pub(super) fn view(caller: &Caller, principal: PrincipalRow, memberships: &[MembershipRow]) -> MemberView {
    let is_own = principal.id == caller.identity.principal;
    let shown = |row: &MembershipRow| {
        let grant = caller.identity.grant_in(row.org).filter(|grant| is_own || sees_others(caller, grant.org));
        grant.map(|grant| MembershipView {
            org: row.org,
            org_name: grant.org_name.clone(),
            rights: row.rights,
            suspended_at: row.suspended_at,
        })
    };
    MemberView {
        id: principal.id,
        kind: principal.kind,
        name: principal.name,
        email: principal.email,
        issuer: principal.token.map(|token| token.issuer),
        created_at: principal.created_at,
        memberships: memberships.iter().filter_map(shown).collect(),
    }
}
