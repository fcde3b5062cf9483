//! Bringing secrets in under fixed ids.

use keyholt_store::{Audited, Changes, Scope};
use keyholt_types::{Action, Caller};

use crate::authorise::{Operation, one_org, operator};
use crate::engine::{NotCommitted, secret_subject};
use crate::{Engine, Error, Field, ImportedSecret, OrgChoice};

impl Engine {
    /// Brings secrets in under fixed ids, all or none: into an organisation, or into one of its
    /// projects. Each takes the place of whatever has its id or its name there. Returns how many.
    ///
    /// # Errors
    /// When the caller is no operator or may not write there, there is no such project, or two of the
    /// secrets have the same id or name ([`Error::NameTaken`]).
    pub async fn import_secrets(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        project: Option<&str>,
        secrets: Vec<ImportedSecret>,
    ) -> Result<usize, Error> {
        operator(caller)?;
        let org = one_org(caller, org, Operation::WriteSecrets)?;
        let scope = match project {
            None => org.secrets(),
            Some(name) => {
                let found =
                    self.store.find_project_named(org, name).await.map_err(|error| self.fault(&error))?;
                let missing =
                    Error::Invalid(Field::Project, keyholt_types::FieldProblem::MustBe("a known project"));
                org.project_secrets(found.ok_or(missing)?.id)
            }
        };
        let mut change: Option<Audited> = None;
        for secret in &secrets {
            let one = self.import_one(caller, scope, secret).await?;
            change = Some(match change {
                Some(others) => others.and(one),
                None => one,
            });
        }
        let Some(change) = change else { return Ok(0) };
        match self.commit(Action::SecretImport, change).await {
            Ok(()) => Ok(secrets.len()),
            Err(NotCommitted::Taken) => Err(Error::NameTaken),
            Err(NotCommitted::Stale) => Err(Error::Busy),
            Err(NotCommitted::Failed(error)) => Err(error),
        }
    }

    async fn import_one(
        &self,
        caller: &Caller,
        scope: Scope,
        imported: &ImportedSecret,
    ) -> Result<Audited, Error> {
        let created_at = imported.created_at.unwrap_or_else(|| self.clock.now());
        let sealed = self.seal_new(caller, scope, imported.id, created_at, &imported.secret).await?;
        let by_id = self.store.find_secret(scope, imported.id).await;
        let by_name = self.store.find_secret_named(scope, imported.secret.name.as_str()).await;
        let (by_id, by_name) =
            (by_id.map_err(|error| self.fault(&error))?, by_name.map_err(|error| self.fault(&error))?);
        let by_name = by_name.filter(|row| row.columns.id != imported.id);
        let mut changes = Changes::new();
        for row in by_id.iter().chain(&by_name) {
            changes = changes.delete_secret(scope, row.columns.id, row.columns.version);
        }
        changes = changes.insert_secret(scope, &sealed.row);
        if let Some(value) = &sealed.value {
            changes = changes.insert_value(scope, imported.id, value);
        }
        let subject = secret_subject(&sealed.row.columns);
        Ok(changes.record(self.event(Some(caller), scope.collection().org(), Action::SecretImport, subject)))
    }
}
