//! Bringing secrets in under fixed ids.

use std::collections::{BTreeMap, HashSet};

use keyholt_store::{Audited, Changes, Scope};
use keyholt_types::{Action, Caller, Timestamp};

use crate::authorise::Operation;
use crate::engine::{ATTEMPTS, NotCommitted, secret_subject};
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
        self.require_operator(caller)?;
        let org = self.one_org(caller, org, Operation::WriteSecrets)?;
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
        let (mut ids, mut names) = (HashSet::new(), HashSet::new());
        if !secrets.iter().all(|one| ids.insert(one.id) && names.insert(one.secret.name.as_str())) {
            return Err(Error::NameTaken);
        }
        for _ in 0..ATTEMPTS {
            let Some(change) = self.import_all(caller, scope, &secrets).await? else { return Ok(0) };
            match self.commit(Action::SecretImport, change).await {
                Ok(()) => return Ok(secrets.len()),
                Err(NotCommitted::Stale | NotCommitted::Taken) => {}
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    /// The change that deletes what stands in the way, and then adds the secrets; none without secrets.
    async fn import_all(
        &self,
        caller: &Caller,
        scope: Scope,
        secrets: &[ImportedSecret],
    ) -> Result<Option<Audited>, Error> {
        let org = scope.collection().org();
        let mut displaced = BTreeMap::new();
        for imported in secrets {
            let by_id = self.store.find_secret(scope, imported.id).await;
            let by_name = self.store.find_secret_named(scope, imported.secret.name.as_str()).await;
            for found in [by_id, by_name] {
                let row = found.map_err(|error| self.fault(&error))?;
                displaced.extend(row.map(|row| (row.columns.id, row.columns)));
            }
        }
        for columns in displaced.values() {
            self.check_reach(caller, columns)?;
        }
        let deleted = displaced.values().map(|columns| {
            let event = self.event(Some(caller), org, Action::SecretDelete, secret_subject(columns));
            Changes::new().delete_secret(scope, columns.id, columns.version).record(event)
        });
        let mut changes: Vec<Audited> = deleted.collect();
        for imported in secrets {
            let created_at = imported.created_at.unwrap_or_else(|| self.clock.now());
            // In whole milliseconds, as moments are shown.
            let created_at = Timestamp::from_millis(created_at.millis());
            // Whoever read a secret that had this id must not take this one for it. Of one that was deleted before no
            // version is known any more; none has come as far as the clock.
            let before = displaced.get(&imported.id).map(|before| before.version.saturating_add(1));
            let version = before.unwrap_or_else(|| self.clock.now().micros().max(1));
            let which = (imported.id, version);
            let sealed = self.seal_new(caller, scope, which, created_at, &imported.secret).await?;
            let subject = secret_subject(&sealed.row.columns);
            let event = self.event(Some(caller), org, Action::SecretImport, subject);
            changes.push(sealed.inserted(scope).record(event));
        }
        Ok(changes.into_iter().reduce(Audited::and))
    }
}
