//! API keys: issued, listed, revoked.

use std::sync::Arc;

use keyholt_crypto::{ApiKeyToken, moment_of, shown_prefix};
use keyholt_store::{ApiKeyRow, Audited, Changes, OrgRow, PrincipalRow};
use keyholt_types::{
    Action, ApiKeyId, Caller, Credential, OrgId, PrincipalId, ProjectId, Right, Rights, Role, Subject,
    SubjectKind, Timestamp,
};

use super::proof_bytes;
use crate::authorise::{Operation, all_orgs, server_scope};
use crate::engine::{ATTEMPTS, NotCommitted};
use crate::{ApiKeyView, Denied, Engine, Error, Field, IssuedApiKey, NewApiKey, OrgChoice, PageRequest};

/// A key that may be issued: who may have it has been decided.
pub(crate) struct KeyToIssue {
    pub(crate) name: Box<str>,
    /// The organisations and the rights there, in order of their ids.
    pub(crate) grants: Vec<(OrgId, Rights)>,
    pub(crate) project_org: OrgId,
    pub(crate) project: ProjectId,
    pub(crate) operator: bool,
    pub(crate) expires_at: Option<Timestamp>,
}

impl KeyToIssue {
    /// The rows of the key and of the service account behind it, for a key of this text.
    pub(crate) fn rows(
        self,
        engine: &Engine,
        caller: Option<&Caller>,
        credential: &Credential,
    ) -> Result<(PrincipalRow, ApiKeyRow), Error> {
        let now = engine.clock.now();
        let mac = *engine.keyring.credential_macs(credential).first().ok_or(Error::Internal)?;
        let id = ApiKeyId::new(engine.ids.mint(now));
        let created_at = moment_of(id.uuid());
        let principal = PrincipalRow {
            id: PrincipalId::new(engine.ids.mint(now)),
            kind: "service_account",
            name: self.name.clone(),
            created_at,
        };
        let mut key = ApiKeyRow {
            id,
            mac: mac.mac.to_vec(),
            ring_generation: mac.ring_generation,
            principal: principal.id,
            project_org: self.project_org,
            project: self.project,
            name: self.name,
            shown: shown_prefix(credential).into(),
            operator: self.operator,
            created_at,
            created_by: caller.map(|caller| caller.identity.api_key),
            expires_at: self.expires_at,
            revoked_at: None,
            proof: Vec::new(),
            version: 1,
            grants: self.grants,
        };
        seal_proof(engine, &mut key)?;
        Ok((principal, key))
    }

    /// The change that adds such rows under conditions, with an event for each organisation of the key.
    pub(crate) fn inserted(
        engine: &Engine,
        caller: Option<&Caller>,
        conditions: Changes,
        principal: &PrincipalRow,
        key: &ApiKeyRow,
    ) -> Audited {
        let org = key.project_org;
        let subject =
            Subject { kind: SubjectKind::Principal, id: principal.id.uuid(), name: principal.name.clone() };
        let behind = conditions.insert_principal(principal, &key.grants).record(engine.event(
            caller,
            org,
            Action::PrincipalCreate,
            subject,
        ));
        let issued = Changes::new().insert_api_key(key);
        behind.and(record_in_each_org(engine, caller, key, Action::ApiKeyCreate, issued))
    }
}

impl Engine {
    /// Issues an API key, with a service account of its own.
    ///
    /// Its maker needs the right to administer each of its organisations and every right that the key
    /// gets there. An operator may also issue the first owner key of an organisation that has no valid one.
    ///
    /// # Errors
    /// When the caller may not, an organisation is unknown, or there is no such project.
    pub async fn create_api_key(&self, caller: &Caller, new: NewApiKey) -> Result<IssuedApiKey, Error> {
        let (mut orgs, unowned) = self.orgs_of_new_key(caller, &new).await?;
        let first = orgs.first().map(|org| org.id).ok_or(Error::OrgRequired)?;
        let project_name = new.project.as_deref().unwrap_or("default");
        let project = self.store.find_project_named(server_scope(first), project_name).await;
        let project = project.map_err(|error| self.fault(&error))?.ok_or(Error::Invalid(
            Field::Project,
            keyholt_types::FieldProblem::MustBe("a project of the organisation"),
        ))?;
        orgs.sort_unstable_by_key(|org| org.id);
        let token = ApiKeyToken::make().map_err(|_| Error::Internal)?;
        let credential = token.credential();
        let (principal, key) = KeyToIssue {
            name: new.name.as_str().into(),
            grants: orgs.iter().map(|org| (org.id, new.rights)).collect(),
            project_org: project.org,
            project: project.id,
            operator: false,
            expires_at: new.lifetime_seconds.map(|seconds| self.clock.now().plus_seconds(seconds)),
        }
        .rows(self, Some(caller), &credential)?;
        let conditions = unowned.iter().fold(Changes::new(), |changes, org| {
            changes.require_no_api_key_with(*org, Role::Owner.rights(), self.clock.now())
        });
        let change = KeyToIssue::inserted(self, Some(caller), conditions, &principal, &key);
        match self.commit(Action::ApiKeyCreate, change).await {
            Ok(()) => Ok(IssuedApiKey { api_key: api_key_view(key), token }),
            // Random text is never taken: an organisation has an owner.
            Err(NotCommitted::Taken) => Err(Error::Forbidden(Denied::Right(Right::Admin))),
            Err(NotCommitted::Stale) => Err(Error::Busy),
            Err(NotCommitted::Failed(error)) => Err(error),
        }
    }

    /// The organisations of a new key, in the order in which they were named, once it is clear that
    /// the caller may issue it; and those among them where it may on condition that there is no owner.
    async fn orgs_of_new_key(
        &self,
        caller: &Caller,
        new: &NewApiKey,
    ) -> Result<(Vec<OrgRow>, Vec<OrgId>), Error> {
        let mut names = new.orgs.clone();
        if names.is_empty() {
            match caller.identity.orgs.as_slice() {
                [only] => names.push(only.org_name.clone()),
                _ => return Err(Error::OrgRequired),
            }
        }
        let (mut orgs, mut unowned) = (Vec::<OrgRow>::with_capacity(names.len()), Vec::new());
        for name in &names {
            let found = self.store.find_org_named(name).await.map_err(|error| self.fault(&error))?;
            // Whoever is no operator learns nothing of organisations that are not theirs.
            let known = |org: &OrgRow| caller.identity.operator || caller.identity.grant_in(org.id).is_some();
            let org = found.filter(known).ok_or(Error::Forbidden(Denied::Org))?;
            if orgs.iter().any(|other| other.id == org.id) {
                continue;
            }
            if must_be_unowned(caller, org.id, new.rights)? {
                unowned.push(org.id);
            }
            orgs.push(org);
        }
        Ok((orgs, unowned))
    }

    /// Lists API keys of the caller's organisations, newest first, revoked ones too.
    ///
    /// # Errors
    /// When the caller may not administer.
    pub async fn list_api_keys(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Vec<ApiKeyView>, Error> {
        let mut rows: Vec<ApiKeyRow> = Vec::new();
        for scope in all_orgs(caller, org, Operation::ManageApiKeys)? {
            let found = self.store.list_api_keys(scope, page.starting_after, page.limit).await;
            rows.extend(found.map_err(|error| self.fault(&error))?);
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.id));
        rows.dedup_by_key(|row| row.id);
        rows.truncate(page.limit as usize);
        Ok(rows.into_iter().map(api_key_view).collect())
    }

    /// Revokes an API key; a key may always revoke itself. From when this returns no request with it
    /// succeeds on this node. Revoking a revoked key changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such key in an organisation that the caller may administer.
    pub async fn revoke_api_key(&self, caller: &Caller, id: ApiKeyId) -> Result<ApiKeyView, Error> {
        for _ in 0..ATTEMPTS {
            let found = self.store.find_api_key(id).await.map_err(|error| self.fault(&error))?;
            let mut row = found.filter(|row| may_revoke(caller, row)).ok_or(Error::NotFound)?;
            if row.revoked_at.is_some() {
                return Ok(api_key_view(row));
            }
            row.revoked_at = Some(self.clock.now().max(row.created_at));
            row.version += 1;
            seal_proof(self, &mut row)?;
            let revoked = Changes::new().revoke_api_key(&row);
            let change = record_in_each_org(self, Some(caller), &row, Action::ApiKeyRevoke, revoked);
            // Not after the wait: the caller may hang up meanwhile, and the change goes on without them.
            let identities = Arc::clone(&self.identities);
            let change = change.afterwards(move || identities.forget_all());
            match self.commit(Action::ApiKeyRevoke, change).await {
                Ok(()) => return Ok(api_key_view(row)),
                Err(NotCommitted::Stale | NotCommitted::Taken) => {}
                Err(NotCommitted::Failed(error)) => {
                    // It may have been revoked all the same.
                    self.identities.forget_all();
                    return Err(error);
                }
            }
        }
        Err(Error::Busy)
    }
}

/// Whether the caller may issue a key with these rights only in an organisation without an owner; an
/// error when not at all.
fn must_be_unowned(caller: &Caller, org: OrgId, rights: Rights) -> Result<bool, Error> {
    let own = caller.identity.grant_in(org).map_or(Rights::NONE, |grant| grant.rights);
    let administers = own.has(Operation::ManageApiKeys.right());
    if administers && rights.is_within(own) {
        Ok(false)
    } else if administers {
        Err(Error::Forbidden(Denied::MoreThanOwn))
    } else if caller.identity.operator && rights == Role::Owner.rights() {
        Ok(true)
    } else {
        Err(Error::Forbidden(Denied::Right(Right::Admin)))
    }
}

fn may_revoke(caller: &Caller, row: &ApiKeyRow) -> bool {
    let administers = |org: &OrgId| {
        let grant = caller.identity.grant_in(*org);
        grant.is_some_and(|grant| grant.rights.has(Operation::ManageApiKeys.right()))
    };
    caller.identity.api_key == row.id || row.grants.iter().any(|(org, _)| administers(org))
}

fn seal_proof(engine: &Engine, row: &mut ApiKeyRow) -> Result<(), Error> {
    let proof = engine.keyring.api_key_proof(row.ring_generation, &proof_bytes(row));
    row.proof = proof.ok_or(Error::Internal)?.to_vec();
    Ok(())
}

/// An event in each organisation of a key, so that each of them can read it in its own log.
fn record_in_each_org(
    engine: &Engine,
    caller: Option<&Caller>,
    key: &ApiKeyRow,
    action: Action,
    changes: Changes,
) -> Audited {
    let subject = || Subject { kind: SubjectKind::ApiKey, id: key.id.uuid(), name: key.name.clone() };
    let event = |org: OrgId| engine.event(caller, org, action, subject());
    let others = key.grants.iter().map(|(org, _)| *org).filter(|org| *org != key.project_org);
    others.fold(changes.record(event(key.project_org)), |change, org| {
        change.and(Changes::new().record(event(org)))
    })
}

/// What an administrator may see of a key.
fn api_key_view(row: ApiKeyRow) -> ApiKeyView {
    ApiKeyView {
        id: row.id,
        name: row.name,
        shown: row.shown,
        principal: row.principal,
        grants: row.grants,
        project: row.project,
        operator: row.operator,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    }
}
