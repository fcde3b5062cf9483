//! Issuing API keys.

use keyholt_crypto::{ApiKeyToken, moment_of, shown_prefix};
use keyholt_store::{
    ApiKeyRow, Audited, Changes, MembershipRow, OrgRow, PrincipalKind, PrincipalRow, ProjectRow,
};
use keyholt_types::{
    Action, ApiKeyId, Caller, Credential, FieldProblem, OrgId, PrincipalId, ProjectId, Restrictions, Right,
    Rights, Role, Subject, SubjectKind, Temporary, Timestamp, Via,
};

use super::api_keys::api_key_view;
use super::principals::membership;
use super::revoke::may_revoke;
use super::sealed::{record_in_each_org, seal_proof};
use crate::authorise::{Operation, server_scope};
use crate::engine::{ATTEMPTS, NotCommitted};
use crate::{Engine, Error, Field, IssuedApiKey, KeyHolder, NewApiKey, NewKeyRights};

/// A key that may be issued: who may have it has been decided.
pub(crate) struct KeyToIssue {
    pub(crate) name: Box<str>,
    /// Whom it stands for; a service account of its own when none.
    pub(crate) principal: Option<PrincipalId>,
    /// The organisations and the rights there, in order of their ids.
    pub(crate) grants: Vec<(OrgId, Rights)>,
    pub(crate) project_org: OrgId,
    pub(crate) project: ProjectId,
    pub(crate) operator: bool,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) restrictions: Restrictions,
    pub(crate) temporary: Option<Temporary>,
}

/// The rows of a key.
pub(crate) struct KeyRows {
    /// The service account that is made with it.
    principal: Option<PrincipalRow>,
    key: ApiKeyRow,
}

impl KeyToIssue {
    /// The rows of a key of this text.
    pub(crate) fn rows(
        self,
        engine: &Engine,
        caller: Option<&Caller>,
        credential: &Credential,
    ) -> Result<KeyRows, Error> {
        let now = engine.clock.now();
        let mac = *engine.keyring.credential_macs(credential).first().ok_or(Error::Internal)?;
        let id = ApiKeyId::new(engine.ids.mint(now));
        let created_at = moment_of(id.uuid());
        let own_account = PrincipalRow {
            id: PrincipalId::new(engine.ids.mint(now)),
            kind: PrincipalKind::ServiceAccount,
            name: self.name.clone(),
            email: None,
            token: None,
            created_at,
            version: 1,
        };
        let principal = self.principal.is_none().then_some(own_account);
        let (parent, model) = self.temporary.map_or((None, None), |one| (Some(one.parent), one.model));
        let mut key = ApiKeyRow {
            id,
            mac: mac.mac.to_vec(),
            ring_generation: mac.ring_generation,
            principal: self.principal.or(principal.as_ref().map(|row| row.id)).ok_or(Error::Internal)?,
            project_org: self.project_org,
            project: self.project,
            name: self.name,
            shown: shown_prefix(credential).into(),
            operator: self.operator,
            created_at,
            created_by: caller
                .filter(|caller| caller.identity.via == Via::ApiKey)
                .map(|caller| caller.identity.api_key),
            expires_at: self.expires_at,
            revoked_at: None,
            restrictions: self.restrictions,
            parent,
            model,
            proof: Vec::new(),
            version: 1,
            grants: self.grants,
            last_used_at: None,
        };
        seal_proof(engine, &mut key)?;
        Ok(KeyRows { principal, key })
    }
}

impl KeyRows {
    /// The change that adds a key for a principal who is there, with an event of this kind for each organisation.
    pub(super) fn inserted_as(
        &self,
        engine: &Engine,
        caller: &Caller,
        action: Action,
        conditions: Changes,
    ) -> Audited {
        record_in_each_org(engine, Some(caller), &self.key, action, conditions.insert_api_key(&self.key))
    }

    /// The change that adds them under conditions, with an event for each organisation of the key.
    pub(crate) fn inserted(&self, engine: &Engine, caller: Option<&Caller>, conditions: Changes) -> Audited {
        let key = &self.key;
        let issued = |changes: Changes| {
            record_in_each_org(engine, caller, key, Action::ApiKeyCreate, changes.insert_api_key(key))
        };
        let Some(principal) = &self.principal else { return issued(conditions) };
        let with_account =
            key.grants.iter().fold(conditions.insert_principal(principal), |changes, (org, rights)| {
                changes.insert_membership(&membership(principal, *org, *rights))
            });
        let subject =
            Subject { kind: SubjectKind::Principal, id: principal.id.uuid(), name: principal.name.clone() };
        let event = engine.event(caller, key.project_org, Action::PrincipalCreate, subject);
        with_account.record(event).and(issued(Changes::new()))
    }
}

/// An organisation of a new key, and what the key is to be allowed there.
struct OrgOfKey {
    row: OrgRow,
    rights: Rights,
    /// Whether the key may be issued only if there is no valid owner's key.
    must_be_unowned: bool,
}

impl Engine {
    /// Issues an API key, for a member or with a service account of its own.
    ///
    /// Its maker needs the right to administer each of its organisations and every right that the key gets
    /// there, and so does its principal; a key's restrictions and end pass on to the keys that it makes. An
    /// operator may also issue the first owner key of an organisation that has no valid one.
    ///
    /// # Errors
    /// When the caller may not, an organisation is unknown, or there is no such project or member.
    pub async fn create_api_key(&self, caller: &Caller, new: NewApiKey) -> Result<IssuedApiKey, Error> {
        if new.operator {
            self.require_operator(caller)?;
        }
        for _ in 0..ATTEMPTS {
            let mut orgs = self.orgs_of_new_key(caller, &new).await?;
            let first = orgs.first().map(|org| org.row.id).ok_or(Error::OrgRequired)?;
            let project = self.project_of_new_key(first, new.project.as_deref()).await?;
            orgs.sort_unstable_by_key(|org| org.row.id);
            let token = ApiKeyToken::make().map_err(|_| Error::Internal)?;
            let credential = token.credential();
            let restrictions = caller.identity.restrictions.with(new.restriction.clone());
            let rows = KeyToIssue {
                name: new.name.as_str().into(),
                principal: new.principal,
                grants: orgs.iter().map(|org| (org.row.id, org.rights)).collect(),
                project_org: project.org,
                project: project.id,
                operator: new.operator,
                expires_at: self.end_of_new_key(caller, new.lifetime_seconds)?,
                restrictions: restrictions.ok_or(Error::Invalid(
                    Field::Restriction,
                    FieldProblem::MustBe(
                        "left out: the API keys that this one comes from are narrowed too often",
                    ),
                ))?,
                temporary: None,
            }
            .rows(self, Some(caller), &credential)?;
            // Before the commit: whatever happens after it, the text must get to the caller.
            let holder = match &rows.principal {
                Some(own_account) => KeyHolder::of(own_account, true),
                None => self.holder(caller, rows.key.principal).await?,
            };
            let in_project = Changes::new().require_project(project.org, project.id);
            let conditions = orgs.iter().filter(|org| org.must_be_unowned).fold(in_project, |changes, org| {
                changes.require_no_api_key_with(org.row.id, Role::Owner.rights(), self.clock.now())
            });
            let namesakes = if new.replaces_namesakes { self.namesakes(&rows.key).await? } else { Vec::new() };
            let conditions = if new.replaces_namesakes && rows.principal.is_none() {
                conditions.require_namesakes(rows.key.principal, &rows.key.name, namesakes.len())
            } else {
                conditions
            };
            // What a revoked key may still do for a moment on another node must not last.
            let conditions = match caller.identity.via {
                Via::ApiKey => conditions.require_unrevoked_api_key(caller.identity.api_key),
                Via::Jwt => conditions,
            };
            let mut change = rows.inserted(self, Some(caller), conditions);
            for namesake in namesakes.into_iter().filter(|row| may_revoke(caller, row)) {
                let stays = self.to_revoke(caller, &namesake);
                change = change.and(self.revocation(caller, namesake)?.1).provided(stays);
            }
            match self.commit_identity(Action::ApiKeyCreate, change).await {
                Ok(()) => return Ok(IssuedApiKey { api_key: api_key_view(caller, holder, rows.key), token }),
                // Random text is never taken: an organisation has an owner.
                Err(NotCommitted::Taken) => {
                    return Err(self.deny(caller, None, Operation::ManageIdentity));
                }
                Err(NotCommitted::Stale) => self.check_unrevoked(caller).await?,
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    /// Refuses a caller whose API key was revoked meanwhile.
    async fn check_unrevoked(&self, caller: &Caller) -> Result<(), Error> {
        if caller.identity.via != Via::ApiKey {
            return Ok(());
        }
        let row = self.store.find_api_key(caller.identity.api_key).await.map_err(|error| self.fault(&error))?;
        if row.is_some_and(|row| row.revoked_at.is_none()) { Ok(()) } else { Err(Error::Unauthenticated) }
    }

    /// The organisations of a new key, in the order in which they were named, once it is clear that
    /// the caller may issue it.
    async fn orgs_of_new_key(&self, caller: &Caller, new: &NewApiKey) -> Result<Vec<OrgOfKey>, Error> {
        let mut names = new.orgs.clone();
        if names.is_empty() {
            match caller.identity.orgs.as_slice() {
                [only] => names.push(only.org_name.clone()),
                _ => return Err(Error::OrgRequired),
            }
        }
        let memberships = match new.principal {
            Some(id) => Some(self.store.list_memberships(id).await.map_err(|error| self.fault(&error))?),
            None => None,
        };
        let mut orgs = Vec::<OrgOfKey>::with_capacity(names.len());
        for name in &names {
            let found = self.store.find_org_named(name).await.map_err(|error| self.fault(&error))?;
            // Whoever is no operator learns nothing of organisations that are not theirs.
            let known = |org: &OrgRow| caller.identity.operator || caller.identity.grant_in(org.id).is_some();
            let row = found.filter(known);
            let row = row.ok_or_else(|| self.deny_org(caller, Operation::ManageIdentity))?;
            if !orgs.iter().any(|other| other.row.id == row.id) {
                orgs.push(self.org_of_new_key(caller, row, new, memberships.as_deref())?);
            }
        }
        Ok(orgs)
    }

    fn org_of_new_key(
        &self,
        caller: &Caller,
        row: OrgRow,
        new: &NewApiKey,
        memberships: Option<&[MembershipRow]>,
    ) -> Result<OrgOfKey, Error> {
        let own = caller.identity.grant_in(row.id).map_or(Rights::NONE, |grant| grant.rights);
        let administers = own.has(Operation::ManageIdentity.right());
        // Who does not administer an organisation is told nothing of its members.
        if !administers && memberships.is_some() {
            return Err(self.deny(caller, Some(row.id), Operation::ManageIdentity));
        }
        let no_member = Error::Invalid(Field::Principal, FieldProblem::MustBe("a member of the organisation"));
        let most = match memberships {
            None => Rights::of(&Right::ALL),
            Some(all) => {
                let membership = all.iter().find(|membership| membership.org == row.id);
                membership.ok_or(no_member)?.effective()
            }
        };
        let rights = match new.rights {
            NewKeyRights::Exactly(rights) => rights,
            NewKeyRights::AllPossible => own.both(most),
        };
        // A key that could do nothing would be taken for one that is broken.
        let has_some = rights != Rights::NONE;
        if administers && has_some && rights.is_within(own) && rights.is_within(most) {
            return Ok(OrgOfKey { row, rights, must_be_unowned: false });
        }
        if !administers && caller.identity.operator && rights == Role::Owner.rights() {
            return Ok(OrgOfKey { row, rights, must_be_unowned: true });
        }
        Err(if administers {
            self.deny_more(caller, Some(row.id), Operation::ManageIdentity)
        } else {
            self.deny(caller, Some(row.id), Operation::ManageIdentity)
        })
    }

    async fn project_of_new_key(&self, org: OrgId, name: Option<&str>) -> Result<ProjectRow, Error> {
        let project = self.store.find_project_named(server_scope(org), name.unwrap_or("default")).await;
        project
            .map_err(|error| self.fault(&error))?
            .ok_or(Error::Invalid(Field::Project, FieldProblem::MustBe("a project of the organisation")))
    }

    /// When a new key ceases to be valid: never after the one that makes it. A token is made anew again and
    /// again; what is made with one lasts.
    fn end_of_new_key(
        &self,
        caller: &Caller,
        lifetime_seconds: Option<i64>,
    ) -> Result<Option<Timestamp>, Error> {
        let end = lifetime_seconds.map(|seconds| self.clock.now().plus_seconds(seconds));
        let makers = caller.identity.expires_at.filter(|_| caller.identity.via == Via::ApiKey);
        match (end, makers) {
            (Some(end), Some(makers)) if end > makers => {
                Err(self.deny_more(caller, None, Operation::ManageIdentity))
            }
            (end, makers) => Ok(end.or(makers)),
        }
    }

    /// The keys of the same name that stand for the same principal and are not revoked.
    async fn namesakes(&self, key: &ApiKeyRow) -> Result<Vec<ApiKeyRow>, Error> {
        let rows = self.store.list_api_keys_of(key.principal).await.map_err(|error| self.fault(&error))?;
        let is_namesake = |row: &ApiKeyRow| row.name == key.name && row.revoked_at.is_none();
        Ok(rows.into_iter().filter(is_namesake).collect())
    }
}
