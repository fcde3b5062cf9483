//! Projects.

use keyholt_crypto::moment_of;
use keyholt_store::{Changes, ProjectRow};
use keyholt_types::{Action, Caller, OrgName, ProjectId, Subject, SubjectKind};

use super::page::{BATCH, Gathering};
use crate::authorise::Operation;
use crate::engine::{ATTEMPTS, NotCommitted};
use crate::{Engine, Error, IdentityFilter, OrgChoice, ProjectView};

impl Engine {
    /// Makes a project of an organisation.
    ///
    /// # Errors
    /// When the caller may not, did not say in which of several organisations, or the name is another's.
    pub async fn create_project(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        name: OrgName,
    ) -> Result<ProjectView, Error> {
        let scope = self.one_org(caller, org, Operation::ManageIdentity)?;
        let id = ProjectId::new(self.ids.mint(self.clock.now()));
        let row =
            ProjectRow { org: scope.org(), id, name: name.as_str().into(), created_at: moment_of(id.uuid()) };
        let event = self.event(Some(caller), row.org, Action::ProjectCreate, subject(&row));
        match self.commit(Action::ProjectCreate, Changes::new().insert_project(&row).record(event)).await {
            Ok(()) => Ok(view(row)),
            Err(NotCommitted::Taken | NotCommitted::Stale) => Err(Error::NameTaken),
            Err(NotCommitted::Failed(error)) => Err(error),
        }
    }

    /// Lists projects of the caller's organisations, newest first: all of those where the caller may read, else
    /// its own. Named ones only, where names are given.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn list_projects(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        filter: &IdentityFilter<ProjectId>,
    ) -> Result<Vec<ProjectView>, Error> {
        let mut lists = Vec::new();
        for (scope, reads_all) in self.own_orgs(caller, org) {
            let wanted = |row: &ProjectRow| filter.has_name(&row.name) && (reads_all || is_own(caller, row));
            let mut list = Gathering::of(filter);
            while let Some(range) = list.next() {
                let rows = self.store.list_projects(scope, range, BATCH).await;
                list.take(rows.map_err(|error| self.fault(&error))?, |row| row.id, wanted);
            }
            lists.push(list);
        }
        Ok(Gathering::join(lists, filter, |row| row.id).into_iter().map(view).collect())
    }

    /// A project that the caller may see.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, whatever the reason.
    pub async fn find_project(&self, caller: &Caller, id: ProjectId) -> Result<ProjectView, Error> {
        for (scope, reads_all) in self.own_orgs(caller, OrgChoice::Unnamed) {
            let found = self.store.find_project(scope, id).await.map_err(|error| self.fault(&error))?;
            if let Some(row) = found.filter(|row| reads_all || is_own(caller, row)) {
                return Ok(view(row));
            }
        }
        Err(Error::NotFound)
    }

    /// Gives a project another name.
    ///
    /// # Errors
    /// When there is none, the caller may not, or the name is another's.
    pub async fn rename_project(
        &self,
        caller: &Caller,
        id: ProjectId,
        name: OrgName,
    ) -> Result<ProjectView, Error> {
        for _ in 0..ATTEMPTS {
            let mut row = self.project_to_manage(caller, id).await?;
            if *row.name == *name.as_str() {
                return Ok(view(row));
            }
            let renamed = Changes::new().rename_project(&row, name.as_str());
            row.name = name.as_str().into();
            let event = self.event(Some(caller), row.org, Action::ProjectRename, subject(&row));
            match self.commit_identity(Action::ProjectRename, renamed.record(event)).await {
                Ok(()) => return Ok(view(row)),
                Err(NotCommitted::Stale) => {}
                Err(NotCommitted::Taken) => return Err(Error::NameTaken),
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    /// Deletes a project without secrets that no valid API key belongs to.
    ///
    /// # Errors
    /// [`Error::InUse`] when it has some; when there is none or the caller may not.
    pub async fn delete_project(&self, caller: &Caller, id: ProjectId) -> Result<ProjectView, Error> {
        for _ in 0..ATTEMPTS {
            let row = self.project_to_manage(caller, id).await?;
            let deleted = Changes::new().delete_project(&row, self.clock.now());
            let event = self.event(Some(caller), row.org, Action::ProjectDelete, subject(&row));
            match self.commit_identity(Action::ProjectDelete, deleted.record(event)).await {
                Ok(()) => return Ok(view(row)),
                Err(NotCommitted::Stale) => {}
                Err(NotCommitted::Taken) => return Err(Error::InUse),
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    async fn project_to_manage(&self, caller: &Caller, id: ProjectId) -> Result<ProjectRow, Error> {
        for scope in self.all_orgs(caller, OrgChoice::Unnamed, Operation::ManageIdentity)? {
            let found = self.store.find_project(scope, id).await.map_err(|error| self.fault(&error))?;
            if let Some(row) = found {
                return Ok(row);
            }
        }
        Err(Error::NotFound)
    }
}

fn is_own(caller: &Caller, row: &ProjectRow) -> bool {
    caller.identity.project.id == row.id
}

fn subject(row: &ProjectRow) -> Subject {
    Subject { kind: SubjectKind::Project, id: row.id.uuid(), name: row.name.clone() }
}

fn view(row: ProjectRow) -> ProjectView {
    ProjectView { org: row.org, id: row.id, name: row.name, created_at: row.created_at }
}
