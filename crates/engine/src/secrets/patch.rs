//! Changing a secret.

use keyholt_store::{Changes, Scope};
use keyholt_types::{Action, Caller, Collection, SecretId};

use super::create::Namesake;
use super::edit::Edit;
use crate::engine::{ATTEMPTS, NotCommitted, secret_subject};
use crate::{Engine, Error, SecretPatch, SecretView};

impl Engine {
    /// Changes what is given of an organisation's secret (wire/braintrust.md 3.6).
    ///
    /// # Errors
    /// When there is no such secret, the caller may not write, the new name is another's, or the
    /// merged metadata are out of bounds.
    pub async fn patch_secret(
        &self,
        caller: &Caller,
        id: SecretId,
        patch: SecretPatch,
    ) -> Result<SecretView, Error> {
        let _held = self.hold_record(id).await;
        for _ in 0..ATTEMPTS {
            let (scope, present) = self.find_to_write(caller, id).await?;
            match self.update(caller, scope, present, &Edit::patch(&patch)).await {
                Err(NotCommitted::Stale | NotCommitted::Taken) => {}
                Ok(view) => return Ok(view),
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    /// Changes a secret from the version that was read.
    ///
    /// [`NotCommitted::Taken`] when a name was taken just now: look again.
    pub(super) async fn update(
        &self,
        caller: &Caller,
        scope: Scope,
        present: SecretView,
        edit: &Edit<'_>,
    ) -> Result<SecretView, NotCommitted> {
        let sealed = self.seal_edited(caller, &present, edit).await.map_err(NotCommitted::Failed)?;
        let Some(sealed) = sealed else { return Ok(present) };
        let columns = &sealed.row.columns;
        let mut erasure = None;
        if columns.name != present.columns.name {
            match self.find_namesake(scope, &columns.name).await.map_err(NotCommitted::Failed)? {
                Namesake::None => {}
                Namesake::Expired(columns) => erasure = Some(self.erasure(scope, &columns)),
                Namesake::Present(_) | Namesake::Locked => {
                    return Err(self.name_taken(scope, &present).await);
                }
            }
        }
        let mut changes = Changes::new().update_secret(scope, &sealed.row);
        if let Some(value) = &sealed.value {
            let kept = match scope.collection() {
                Collection::Org(_) => i64::from(self.versions_kept),
                // The old value of a project's secret is gone for good (wire/together.md 3.4).
                Collection::Project(..) => 0,
            };
            changes = changes.insert_value(scope, columns.id, value).delete_values_below(
                scope,
                columns.id,
                columns.value_version - kept,
            );
        }
        let action = if sealed.value.is_some() { Action::SecretRotate } else { Action::SecretUpdate };
        let org = scope.collection().org();
        let event = self.event(Some(caller), org, action, secret_subject(columns));
        let change = changes.record(event).after(erasure);
        self.commit(action, change).await?;
        Ok(sealed.view)
    }

    /// Another secret has the name, unless this one was changed on another node since it was read: then that one may be
    /// itself, or it may be gone.
    async fn name_taken(&self, scope: Scope, present: &SecretView) -> NotCommitted {
        let columns = &present.columns;
        match self.store.find_secret(scope, columns.id).await {
            Ok(Some(row)) if row.columns.version == columns.version => NotCommitted::Failed(Error::NameTaken),
            Ok(_) => NotCommitted::Stale,
            Err(error) => NotCommitted::Failed(self.fault(&error)),
        }
    }
}
