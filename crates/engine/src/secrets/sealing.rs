//! From what a caller gave to a stored row, and back to what a caller may see.

use keyholt_crypto::{Kek, value_hash};
use keyholt_store::{Changes, Scope, SecretRow, ValueRow};
use keyholt_types::{
    Action, Caller, Collection, Details, Metadata, OrgId, Restrictions, SecretColumns, SecretId, SecretValue,
    Timestamp, TtlSeconds, preview_of,
};

use super::edit::{Edit, MetadataEdit};
use crate::authorise::server_scope;
use crate::providers::{bound_hosts, names_models};
use crate::{Denied, Engine, Error, Field, NewSecret, SecretView};

/// A row with the value that goes with it, sealed and ready to be stored.
pub(crate) struct SealedSecret {
    pub(crate) row: SecretRow,
    pub(super) value: Option<ValueRow>,
    pub(crate) view: SecretView,
}

impl SealedSecret {
    /// The change that adds it.
    pub(super) fn inserted(&self, scope: Scope) -> Changes {
        let changes = match scope.collection() {
            Collection::Org(_) => Changes::new(),
            Collection::Project(org, project) => Changes::new().require_project(org, project),
        };
        let changes = changes.insert_secret(scope, &self.row);
        match &self.value {
            Some(value) => changes.insert_value(scope, self.row.columns.id, value),
            None => changes,
        }
    }
}

impl Engine {
    /// Opens a row: its details prove all its columns, and a row that names models must say so, or it would be hidden from
    /// those whom it serves.
    ///
    /// [`Error::Locked`] when it does not open, which has been reported then.
    pub(crate) async fn open_row(&self, row: SecretRow) -> Result<SecretView, Error> {
        let scope = server_scope(row.columns.collection.org());
        let details = match self.org_keks(scope, Some(row.columns.key_generation)).await {
            Ok(keks) => {
                let kek = keks.of(row.columns.key_generation);
                kek.and_then(|kek| kek.open_details(&row.columns, &row.details).ok())
            }
            Err(Error::Locked) => None,
            Err(other) => return Err(other),
        };
        let is_hidden = |details: &Details| {
            !row.names_models && names_models(row.columns.kind.as_deref(), details.metadata.as_ref())
        };
        match details.filter(|details| !is_hidden(details)) {
            Some(details) => Ok(SecretView { columns: row.columns, details }),
            None => {
                self.report_locked(&row.columns).await;
                Err(Error::Locked)
            }
        }
    }

    /// Opens a row; none when it has expired or is out of this reach, neither of which anything proves
    /// before it is opened. Of one that does not open, what it says of itself is all that can be gone by.
    pub(crate) async fn open_present(
        &self,
        reach: &Restrictions,
        row: SecretRow,
    ) -> Result<Option<SecretView>, Error> {
        let says_within = is_within(reach, &row.columns);
        let view = match self.open_row(row).await {
            Err(Error::Locked) if !says_within => return Ok(None),
            opened => opened?,
        };
        let columns = &view.columns;
        let is_there = !columns.is_expired(self.clock.now()) && is_within(reach, columns);
        Ok(is_there.then_some(view))
    }

    /// Refuses to write what is out of the caller's reach (design/decisions.md 8).
    pub(super) fn check_reach(&self, caller: &Caller, columns: &SecretColumns) -> Result<(), Error> {
        if is_within(&caller.identity.restrictions, columns) {
            return Ok(());
        }
        Err(self.deny_reach(caller, columns.collection.org()))
    }

    pub(super) fn deny_reach(&self, caller: &Caller, org: OrgId) -> Error {
        self.count_refused_attempt(caller, Some(org), Action::SecretWrite);
        Error::Forbidden(Denied::OutsidePattern)
    }

    /// Seals a secret that is to be made at this moment, as this version.
    pub(super) async fn seal_new(
        &self,
        caller: &Caller,
        scope: Scope,
        (id, version): (SecretId, i64),
        created_at: Timestamp,
        new: &NewSecret,
    ) -> Result<SealedSecret, Error> {
        let mut columns = SecretColumns {
            collection: scope.collection(),
            id,
            version,
            name: new.name.as_str().into(),
            kind: new.kind.as_ref().map(|kind| kind.as_str().into()),
            created_at,
            created_by: caller.identity.api_key,
            updated_at: None,
            updated_by: caller.identity.api_key,
            value_version: 0,
            value_hash: Vec::new(),
            value_updated_at: None,
            value_updated_by: None,
            ttl_seconds: None,
            expires_at: None,
            key_generation: 0,
        };
        self.check_reach(caller, &columns)?;
        set_ttl(&mut columns, new.ttl, created_at);
        let details = Details {
            metadata: new.metadata.clone(),
            description: new.description.as_ref().map_or_else(Box::default, |text| text.as_str().into()),
            preview: None,
            bound_to: None,
        };
        self.seal(caller, columns, details, new.value.as_ref(), created_at).await
    }

    /// Seals a row as an edit leaves it at this moment; none when it changes nothing.
    pub(super) async fn seal_edited(
        &self,
        caller: &Caller,
        present: &SecretView,
        edit: &Edit<'_>,
    ) -> Result<Option<SealedSecret>, Error> {
        let now = self.moment_after(&present.columns);
        let mut columns = present.columns.clone();
        let mut details = present.details.clone();
        if let Some(name) = edit.name {
            columns.name = name.as_str().into();
        }
        columns.kind = edit.kind.map(|kind| kind.as_str().into()).apply(columns.kind);
        details.metadata = edited_metadata(details.metadata, edit.metadata)?;
        if let Some(description) = edit.description {
            details.description = description.as_str().into();
        }
        let changes_nothing = columns == present.columns && details == present.details;
        if changes_nothing && edit.value.is_none() && edit.ttl.is_none() {
            return Ok(None);
        }
        if edit.ttl.is_some() {
            set_ttl(&mut columns, edit.ttl, now);
        } else if edit.value.is_some() {
            // A new value extends the life by the time to live that is stored (wire/together.md 3.7).
            columns.expires_at = columns.ttl_seconds.map(|seconds| now.plus_seconds(seconds));
        }
        self.check_reach(caller, &columns)?;
        columns.version += 1;
        columns.updated_at = Some(now);
        columns.updated_by = caller.identity.api_key;
        self.seal(caller, columns, details, edit.value, now).await.map(Some)
    }

    /// Seals a row whose value is bound to its present destination.
    pub(crate) async fn seal_bound(&self, caller: &Caller, secret: SecretView) -> Result<SealedSecret, Error> {
        let now = self.moment_after(&secret.columns);
        let SecretView { mut columns, mut details } = secret;
        details.bound_to = bound_hosts(columns.kind.as_deref(), details.metadata.as_ref());
        columns.version += 1;
        columns.updated_at = Some(now);
        columns.updated_by = caller.identity.api_key;
        self.seal(caller, columns, details, None, now).await
    }

    async fn seal(
        &self,
        caller: &Caller,
        mut columns: SecretColumns,
        mut details: Details,
        value: Option<&SecretValue>,
        now: Timestamp,
    ) -> Result<SealedSecret, Error> {
        let keks = self.org_keks(server_scope(columns.collection.org()), None).await?;
        let kek = keks.primary()?;
        let value = value.map(|value| self.seal_value(kek, &mut columns, value, now)).transpose()?;
        if let Some((_, preview)) = &value {
            columns.value_updated_at = Some(now);
            columns.value_updated_by = Some(caller.identity.principal);
            details.preview = Some(preview.as_str().into());
            details.bound_to = match columns.collection {
                Collection::Org(_) => bound_hosts(columns.kind.as_deref(), details.metadata.as_ref()),
                Collection::Project(..) => None,
            };
        }
        columns.key_generation = kek.generation();
        let sealed = kek.seal_details(&columns, &details).map_err(|_| sealing_failed())?;
        Ok(SealedSecret {
            row: SecretRow {
                names_models: names_models(columns.kind.as_deref(), details.metadata.as_ref()),
                columns: columns.clone(),
                details: sealed,
            },
            value: value.map(|(row, _)| row),
            view: SecretView { columns, details },
        })
    }

    fn seal_value(
        &self,
        kek: &Kek,
        columns: &mut SecretColumns,
        value: &SecretValue,
        now: Timestamp,
    ) -> Result<(ValueRow, String), Error> {
        let version = columns.value_version + 1;
        let sealed = kek.seal_value(columns.id, version, value).map_err(|_| sealing_failed())?;
        columns.value_version = version;
        columns.value_hash = value_hash(&sealed).to_vec();
        #[expect(
            clippy::disallowed_methods,
            reason = "EXPOSE: the preview is computed once, when a value is written"
        )]
        let preview = preview_of(value.expose());
        Ok((ValueRow { version, value: sealed, created_at: now }, preview))
    }
}

/// Whether a secret is one that may be touched.
pub(super) fn is_within(reach: &Restrictions, columns: &SecretColumns) -> bool {
    reach.allow_secret(&columns.name, columns.kind.as_deref())
}

fn set_ttl(columns: &mut SecretColumns, ttl: Option<TtlSeconds>, now: Timestamp) {
    columns.ttl_seconds = ttl.map(TtlSeconds::seconds);
    columns.expires_at = columns.ttl_seconds.map(|seconds| now.plus_seconds(seconds));
}

fn edited_metadata(present: Option<Metadata>, edit: MetadataEdit<'_>) -> Result<Option<Metadata>, Error> {
    match edit {
        MetadataEdit::Keep => Ok(present),
        MetadataEdit::Clear => Ok(None),
        MetadataEdit::Replace(metadata) => Ok(Some(metadata.clone())),
        MetadataEdit::Merge(object) => Metadata::merged(present.as_ref(), object.clone())
            .map(Some)
            .map_err(|problem| Error::Invalid(Field::Metadata, problem)),
    }
}

/// The operating system gave no random numbers: nothing was sealed, nothing is stored.
fn sealing_failed() -> Error {
    tracing::error!("nothing could be sealed");
    Error::Internal
}
