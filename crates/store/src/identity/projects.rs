//! Projects.

use keyholt_types::{OrgId, ProjectId, Timestamp};

use super::range::ordered;
use crate::changes::{Changes, Needs};
use crate::param::{Param, Row, params};
use crate::{IdRange, OrgScope, Store, StoreError, Unmet};

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRow {
    /// Its organisation.
    pub org: OrgId,
    /// Its id.
    pub id: ProjectId,
    /// Its name, unique in the organisation.
    pub name: Box<str>,
    /// When it was made.
    pub created_at: Timestamp,
}

macro_rules! columns {
    () => {
        "org_id, id, name, created_at"
    };
}

impl Changes {
    /// Adds a project; [`Unmet::Taken`] when its name is another's.
    pub fn insert_project(self, row: &ProjectRow) -> Self {
        self.push(
            "INSERT INTO projects (org_id, id, name, created_at, version) VALUES (?1, ?2, ?3, ?4, 1)
             ON CONFLICT DO NOTHING",
            params![row.org.as_bytes(), row.id.as_bytes(), &*row.name, row.created_at.micros()],
            Needs::OneRow { none: Unmet::Taken },
        )
    }

    /// Gives a project of this name another one; [`Unmet::Stale`] when its name is no longer this,
    /// [`Unmet::Taken`] when the new one is another's.
    pub fn rename_project(self, present: &ProjectRow, name: &str) -> Self {
        self.push(
            "UPDATE projects SET name = ?4, version = version + 1
             WHERE org_id = ?1 AND id = ?2 AND name = ?3 AND deleted_at IS NULL",
            params![present.org.as_bytes(), present.id.as_bytes(), &*present.name, name],
            Needs::OneRow { none: Unmet::Stale },
        )
    }

    /// Goes on only in a project that is not deleted; [`Unmet::Stale`] when it is, or is not there.
    pub fn require_project(self, org: OrgId, id: ProjectId) -> Self {
        self.push(
            "UPDATE projects SET version = version WHERE org_id = ?1 AND id = ?2 AND deleted_at IS NULL",
            params![org.as_bytes(), id.as_bytes()],
            Needs::OneRow { none: Unmet::Stale },
        )
    }

    /// Deletes a project that holds no secret and that no valid API key belongs to; [`Unmet::Taken`] when it
    /// does. Credentials for a short time do not count: they end with the keys of the project that made them. Its row stays for the API keys of before, under a name that nobody can ask for.
    pub fn delete_project(self, present: &ProjectRow, now: Timestamp) -> Self {
        let buried = format!("\u{1}{}", present.id);
        self.push(
            "UPDATE projects SET name = ?4, deleted_at = ?5, version = version + 1
             WHERE org_id = ?1 AND id = ?2 AND name = ?3 AND deleted_at IS NULL",
            params![
                present.org.as_bytes(),
                present.id.as_bytes(),
                &*present.name,
                buried.as_str(),
                now.micros(),
            ],
            Needs::OneRow { none: Unmet::Stale },
        )
        .push(
            "UPDATE projects SET version = version WHERE org_id = ?1 AND id = ?2
               AND NOT EXISTS (SELECT 1 FROM secrets WHERE org_id = ?1 AND collection_id = ?2)
               AND NOT EXISTS (SELECT 1 FROM api_keys WHERE project_org_id = ?1 AND project_id = ?2
                   AND parent_id IS NULL AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?3))",
            params![present.org.as_bytes(), present.id.as_bytes(), now.micros()],
            Needs::OneRow { none: Unmet::Taken },
        )
    }
}

impl Store {
    /// A project by its id.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_project(&self, scope: OrgScope, id: ProjectId) -> Result<Option<ProjectRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM projects WHERE org_id = ?1 AND id = ?2 AND deleted_at IS NULL"
        );
        self.fetch_one(sql, params![scope.org().as_bytes(), id.as_bytes()], read_project).await
    }

    /// A project by its name. A name with a NUL character is nobody's.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_project_named(
        &self,
        scope: OrgScope,
        name: &str,
    ) -> Result<Option<ProjectRow>, StoreError> {
        if name.contains('\0') {
            return Ok(None);
        }
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM projects WHERE org_id = ?1 AND name = ?2 AND deleted_at IS NULL"
        );
        self.fetch_one(sql, params![scope.org().as_bytes(), name], read_project).await
    }

    /// Projects of a range.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_projects(
        &self,
        scope: OrgScope,
        range: IdRange<ProjectId>,
        limit: u32,
    ) -> Result<Vec<ProjectRow>, StoreError> {
        let sql = ordered!(
            range,
            concat!(
                "SELECT ",
                columns!(),
                " FROM projects WHERE org_id = ?1 AND id > ?2 AND id < ?3 AND deleted_at IS NULL"
            ),
            "id",
            "LIMIT ?4"
        );
        let [above, below] = range.bounds(ProjectId::as_bytes);
        let params = vec![Param::from(scope.org().as_bytes()), above, below, Param::Int(i64::from(limit))];
        self.fetch(sql, params, read_project).await
    }
}

fn read_project(row: &Row<'_>) -> Result<ProjectRow, StoreError> {
    Ok(ProjectRow {
        org: row.id(0, OrgId::from_slice)?,
        id: row.id(1, ProjectId::from_slice)?,
        name: row.text(2)?,
        created_at: Timestamp::from_micros(row.int(3)?),
    })
}
