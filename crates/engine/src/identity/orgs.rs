//! Organisations.

use keyholt_crypto::moment_of;
use keyholt_store::{Audited, Changes, OrgKeyRow, OrgRow, ProjectRow};
use keyholt_types::{Action, Caller, OrgId, OrgName, ProjectId, Subject, SubjectKind};

use super::page::{BATCH, Gathering};
use crate::authorise::Operation;
use crate::engine::{ATTEMPTS, NotCommitted};
use crate::{Engine, Error, IdentityFilter, OrgReach, OrgView};

/// The rows of an organisation that is to be made.
pub(crate) struct NewOrgRows {
    pub(crate) org: OrgRow,
    pub(crate) key: OrgKeyRow,
    pub(crate) project: ProjectRow,
}

impl NewOrgRows {
    /// An organisation of this name, its first key, and its project `default`.
    pub(crate) fn make(engine: &Engine, name: &OrgName) -> Result<Self, Error> {
        let now = engine.clock.now();
        let id = OrgId::new(engine.ids.mint(now));
        let created_at = moment_of(id.uuid());
        let (_, wrapped) = engine.keyring.make_kek(id, 1).map_err(|_| Error::Internal)?;
        Ok(Self {
            org: OrgRow { id, name: name.as_str().into(), created_at },
            key: OrgKeyRow {
                org: id,
                generation: wrapped.generation,
                ring_generation: wrapped.ring_generation,
                wrapped: wrapped.wrapped,
                created_at,
            },
            project: ProjectRow {
                org: id,
                id: ProjectId::new(engine.ids.mint(now)),
                name: "default".into(),
                created_at,
            },
        })
    }

    /// The change that adds them.
    pub(crate) fn inserted(&self, engine: &Engine, caller: Option<&Caller>) -> Audited {
        let (org, project) = (&self.org, &self.project);
        let subject = |kind, id, name: &str| Subject { kind, id, name: name.into() };
        let event = |action, subject| engine.event(caller, org.id, action, subject);
        let made = Changes::new()
            .insert_org(org)
            .record(event(Action::OrgCreate, subject(SubjectKind::Org, org.id.uuid(), &org.name)));
        let keyed = Changes::new()
            .insert_org_key(&self.key)
            .record(event(Action::OrgKeyCreate, subject(SubjectKind::Org, org.id.uuid(), &org.name)));
        let housed = Changes::new().insert_project(project).record(event(
            Action::ProjectCreate,
            subject(SubjectKind::Project, project.id.uuid(), &project.name),
        ));
        made.and(keyed).and(housed)
    }
}

impl Engine {
    /// Makes an organisation with its project `default`.
    ///
    /// # Errors
    /// When the caller is no operator, or the name is another organisation's.
    pub async fn create_org(&self, caller: &Caller, name: OrgName) -> Result<OrgView, Error> {
        self.require_operator(caller)?;
        let rows = NewOrgRows::make(self, &name)?;
        match self.commit(Action::OrgCreate, rows.inserted(self, Some(caller))).await {
            Ok(()) => Ok(OrgView {
                id: rows.org.id,
                name: rows.org.name,
                created_at: rows.org.created_at,
                project: Some(rows.project.id),
            }),
            Err(NotCommitted::Taken | NotCommitted::Stale) => Err(Error::NameTaken),
            Err(NotCommitted::Failed(error)) => Err(error),
        }
    }

    /// Lists organisations, newest first: to an operator who asks for all of them all, else the caller's own.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn list_orgs(
        &self,
        caller: &Caller,
        reach: OrgReach,
        filter: &IdentityFilter<OrgId>,
    ) -> Result<Vec<OrgView>, Error> {
        let is_named = |row: &OrgRow| filter.has_name(&row.name);
        if reach == OrgReach::Operated && caller.identity.operator {
            let mut list = Gathering::of(filter);
            while let Some(range) = list.next() {
                let rows = self.store.list_orgs(range, BATCH).await;
                list.take(rows.map_err(|error| self.fault(&error))?, |row| row.id, is_named);
            }
            return Ok(Gathering::join([list], filter, |row| row.id).into_iter().map(view).collect());
        }
        let mut list = Gathering::of(filter);
        let mut rows = Vec::new();
        for grant in &caller.identity.orgs {
            let is_between = filter.starting_after.is_none_or(|cursor| grant.org < cursor)
                && filter.ending_before.is_none_or(|cursor| grant.org > cursor);
            if is_between {
                rows.extend(self.store.find_org(grant.org).await.map_err(|error| self.fault(&error))?);
            }
        }
        list.take(rows, |row| row.id, is_named);
        Ok(Gathering::join([list], filter, |row| row.id).into_iter().map(view).collect())
    }

    /// An organisation of the caller's, or any to an operator who asks for all of them.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, whatever the reason.
    pub async fn find_org(&self, caller: &Caller, reach: OrgReach, id: OrgId) -> Result<OrgView, Error> {
        let operates = reach == OrgReach::Operated && caller.identity.operator;
        if !operates && caller.identity.grant_in(id).is_none() {
            return Err(Error::NotFound);
        }
        let found = self.store.find_org(id).await.map_err(|error| self.fault(&error))?;
        found.map(view).ok_or(Error::NotFound)
    }

    /// Gives an organisation another name; operators and who administers it may.
    ///
    /// # Errors
    /// When there is none, the caller may not, or the name is another's.
    pub async fn rename_org(&self, caller: &Caller, id: OrgId, name: OrgName) -> Result<OrgView, Error> {
        if !caller.identity.operator {
            self.require(caller, Operation::ManageIdentity)?;
            let grant = caller.identity.grant_in(id).ok_or(Error::NotFound)?;
            if !grant.rights.has(Operation::ManageIdentity.right()) {
                return Err(self.deny(caller, Some(id), Operation::ManageIdentity));
            }
        }
        for _ in 0..ATTEMPTS {
            let found = self.store.find_org(id).await.map_err(|error| self.fault(&error))?;
            let mut row = found.ok_or(Error::NotFound)?;
            if *row.name == *name.as_str() {
                return Ok(view(row));
            }
            let renamed = Changes::new().rename_org(&row, name.as_str());
            row.name = name.as_str().into();
            let subject = Subject { kind: SubjectKind::Org, id: id.uuid(), name: row.name.clone() };
            let event = self.event(Some(caller), id, Action::OrgRename, subject);
            match self.commit_identity(Action::OrgRename, renamed.record(event)).await {
                Ok(()) => return Ok(view(row)),
                Err(NotCommitted::Stale) => {}
                Err(NotCommitted::Taken) => return Err(Error::NameTaken),
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    /// Names of organisations that one of the caller's API keys belongs to; those that the caller may
    /// not know of are left out.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn org_names(&self, caller: &Caller, orgs: &[OrgId]) -> Result<Vec<(OrgId, Box<str>)>, Error> {
        let mut names = Vec::with_capacity(orgs.len());
        for org in orgs {
            if let Some(grant) = caller.identity.grant_in(*org) {
                names.push((*org, grant.org_name.clone()));
            } else if caller.identity.operator {
                let found = self.store.find_org(*org).await.map_err(|error| self.fault(&error))?;
                names.extend(found.map(|row| (*org, row.name)));
            }
        }
        Ok(names)
    }
}

fn view(row: OrgRow) -> OrgView {
    OrgView { id: row.id, name: row.name, created_at: row.created_at, project: None }
}
