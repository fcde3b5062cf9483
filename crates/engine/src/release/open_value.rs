//! Opening a stored value.

use keyholt_crypto::value_hash;
use keyholt_store::Scope;
use keyholt_types::{Collection, SecretColumns, SecretValue};

use crate::authorise::server_scope;
use crate::{Engine, Error, SecretView};

impl Engine {
    /// The value of a secret as it was read; none when it has none. Its row has proven which sealed bytes are
    /// the value's: others are not opened.
    ///
    /// # Errors
    /// [`Error::Locked`] when the value is damaged, missing or not this secret's, which has been reported then.
    pub(super) async fn open_value(
        &self,
        scope: Scope,
        secret: &SecretView,
    ) -> Result<Option<SecretValue>, Error> {
        let columns = &secret.columns;
        if columns.value_version == 0 {
            return Ok(None);
        }
        if let Some(value) = self.open_present_value(scope, secret).await? {
            return Ok(Some(value));
        }
        // Either it was replaced since the row was read, or it is not as it was written.
        let row = self.store.find_secret(scope, columns.id).await.map_err(|error| self.fault(&error))?;
        let Some(row) = row.filter(|row| row.columns.version != columns.version) else {
            self.report_locked(columns).await;
            return Err(Error::Locked);
        };
        let secret = self.open_row(row).await?;
        match self.open_present_value(scope, &secret).await? {
            Some(value) => Ok(Some(value)),
            None => Err(Error::Busy),
        }
    }

    async fn open_present_value(
        &self,
        scope: Scope,
        secret: &SecretView,
    ) -> Result<Option<SecretValue>, Error> {
        let columns = &secret.columns;
        let found = self.store.find_value(scope, columns.id, columns.value_version).await;
        let found = found.map_err(|error| self.fault(&error))?;
        match found.filter(|row| value_hash(&row.value).as_slice() == columns.value_hash) {
            Some(row) => self.open_version(scope, secret, row).await,
            None => Ok(None),
        }
    }

    /// The value before the present one, as far as it is kept; none when it does not open.
    pub(super) async fn open_previous_value(
        &self,
        scope: Scope,
        secret: &SecretView,
    ) -> Result<Option<SecretValue>, Error> {
        let version = secret.columns.value_version - 1;
        if version < 1 {
            return Ok(None);
        }
        let found = self.store.find_value(scope, secret.columns.id, version).await;
        match found.map_err(|error| self.fault(&error))? {
            Some(row) => self.open_version(scope, secret, row).await,
            None => Ok(None),
        }
    }

    async fn open_version(
        &self,
        scope: Scope,
        secret: &SecretView,
        row: keyholt_store::ValueRow,
    ) -> Result<Option<SecretValue>, Error> {
        let org = server_scope(scope.collection().org());
        let keks = self.org_keks(org, Some(secret.columns.key_generation)).await?;
        let opened = keks
            .of(secret.columns.key_generation)
            .and_then(|kek| kek.open_value(secret.columns.id, row.version, &row.value).ok());
        Ok(opened)
    }
}

/// Where a secret lives, which was reached through authorisation before.
pub(super) fn scope_of(columns: &SecretColumns) -> Scope {
    match columns.collection {
        Collection::Org(org) => server_scope(org).secrets(),
        Collection::Project(org, project) => server_scope(org).project_secrets(project),
    }
}
