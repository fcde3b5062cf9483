//! Organisations.

use keyholt_crypto::moment_of;
use keyholt_store::{Audited, Changes, OrgKeyRow, OrgRow, ProjectRow};
use keyholt_types::{Action, Caller, OrgId, OrgName, ProjectId, Subject, SubjectKind};

use crate::authorise::operator;
use crate::engine::NotCommitted;
use crate::{Engine, Error, OrgView, PageRequest};

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
        operator(caller)?;
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

    /// Lists organisations, newest first: to an operator all, to others their own.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn list_orgs(&self, caller: &Caller, page: PageRequest<OrgId>) -> Result<Vec<OrgView>, Error> {
        let rows = if caller.identity.operator {
            self.store.list_orgs(page.starting_after, page.limit).await.map_err(|error| self.fault(&error))?
        } else {
            let mut rows = Vec::new();
            for grant in caller.identity.orgs.iter().rev() {
                if page.starting_after.is_none_or(|cursor| grant.org < cursor) {
                    rows.extend(self.store.find_org(grant.org).await.map_err(|error| self.fault(&error))?);
                }
            }
            rows.truncate(page.limit as usize);
            rows
        };
        let view =
            |row: OrgRow| OrgView { id: row.id, name: row.name, created_at: row.created_at, project: None };
        Ok(rows.into_iter().map(view).collect())
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
