//! The engine's state and what every use case needs of it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use keyholt_crypto::{IdMinter, Keyring};
use keyholt_store::{Audited, CommitError, Durability, Store, StoreError, Unmet};
use keyholt_types::{
    Action, AddressRange, AuditEvent, Caller, Clock, EventId, OrgId, Outcome, RequestId, SecretColumns,
    SecretId, Subject, SubjectKind, Timestamp,
};
use prometheus_client::registry::Registry;
use tokio::sync::MutexGuard;

use crate::clock_watch::ClockWatch;
use crate::identities::Identities;
use crate::jwt::Issuers;
use crate::keks::Keks;
use crate::limits::Limits;
use crate::metrics::{ActionLabel, Metrics};
use crate::providers::ModelRules;
use crate::refused::RefusedAttempts;
use crate::release::{Profiles, Used};
use crate::settings::EngineSettings;
use crate::{Error, LastOne};

/// The use cases. Shared by all doors as an `Arc`.
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) keyring: Keyring,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) clock_watch: ClockWatch,
    pub(crate) ids: Arc<IdMinter>,
    pub(crate) keks: Keks,
    pub(crate) identities: Arc<Identities>,
    pub(crate) limits: Limits,
    pub(crate) jwt_issuers: Issuers,
    pub(crate) refused: RefusedAttempts,
    /// Which types of providers serve which models.
    pub(crate) models: ModelRules,
    /// From where the right to use suffices to resolve.
    pub(crate) resolvers: Vec<AddressRange>,
    /// What decides which requests the secrets serve that were looked at.
    pub(crate) profiles: Arc<Profiles>,
    pub(crate) used: Used,
    /// How often it was chosen among secrets that serve a request equally well.
    pub(crate) turns: AtomicUsize,
    pub(crate) metrics: Metrics,
    /// How many earlier versions of a value are kept for organisations' secrets.
    pub(crate) versions_kept: u32,
    /// Whether values were deleted or replaced since the store's log was last emptied.
    pub(crate) log_holds_deleted: AtomicBool,
    records: RecordLocks,
    reported: Mutex<HashSet<(SecretId, i64)>>,
    pub(crate) reported_unfit: Mutex<HashSet<(SecretId, i64)>>,
}

impl Engine {
    pub(crate) fn new(
        store: Store,
        keyring: Keyring,
        clock: Arc<dyn Clock>,
        ids: Arc<IdMinter>,
        settings: EngineSettings,
    ) -> Self {
        Self {
            store,
            keyring,
            limits: Limits::new(settings.limits, Arc::clone(&clock)),
            clock_watch: ClockWatch::start(clock.as_ref()),
            clock,
            ids,
            keks: Keks::default(),
            identities: Arc::default(),
            jwt_issuers: Issuers::new(settings.jwt),
            models: settings.models,
            resolvers: settings.resolvers,
            profiles: Arc::default(),
            used: Used::default(),
            turns: AtomicUsize::new(0),
            refused: RefusedAttempts::default(),
            metrics: Metrics::default(),
            versions_kept: settings.versions_kept,
            // What the last run left there is not known.
            log_holds_deleted: AtomicBool::new(true),
            records: RecordLocks::default(),
            reported: Mutex::default(),
            reported_unfit: Mutex::default(),
        }
    }

    /// Whether requests can be served: the database answers, and what other nodes did is known.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::Internal`] when it does not.
    pub async fn health(&self) -> Result<(), Error> {
        self.store.check().await.map_err(|error| self.fault(&error))
    }

    /// What an acknowledged change survives.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.store.durability()
    }

    /// Whether several nodes may serve the same database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    /// Waits until the storage has failed for good; the process should end then.
    pub async fn failed(&self) {
        self.store.failed().await;
    }

    /// An id for a request.
    #[must_use]
    pub fn make_request_id(&self) -> RequestId {
        RequestId::new(self.ids.mint(self.clock.now()))
    }

    /// The clock that everything here goes by.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Adds the engine's counters to those that are published.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }

    /// An event that a caller, or the server itself, causes now.
    pub(crate) fn event(
        &self,
        caller: Option<&Caller>,
        org: OrgId,
        action: Action,
        subject: Subject,
    ) -> AuditEvent {
        let at = self.clock.now();
        AuditEvent {
            id: EventId::new(self.ids.mint(at)),
            at,
            org: Some(org),
            request: caller.map(|caller| caller.request.id),
            api_key: caller.map(|caller| caller.identity.api_key),
            principal: caller.map(|caller| caller.identity.principal),
            address: caller.and_then(|caller| caller.request.address),
            action,
            subject,
            outcome: Outcome::Done,
            count: 1,
        }
    }

    /// Commits a change; what it counts as is told by its action. From when this returns, no secret that it changes is
    /// chosen by what was before.
    pub(crate) async fn commit(&self, action: Action, change: Audited) -> Result<(), NotCommitted> {
        let orgs = change.secrets_of().to_vec();
        if orgs.is_empty() {
            return self.commit_as(action, change).await;
        }
        let (profiles, changed) = (Arc::clone(&self.profiles), orgs.clone());
        // Not after the wait: the caller may hang up meanwhile, and the change goes on without them.
        let change = change.afterwards(move || changed.into_iter().for_each(|org| profiles.forget(org)));
        let outcome = self.commit_as(action, change).await;
        if let Err(NotCommitted::Failed(_)) = outcome {
            // It may have been done all the same.
            orgs.into_iter().for_each(|org| self.profiles.forget(org));
        }
        outcome
    }

    async fn commit_as(&self, action: Action, change: Audited) -> Result<(), NotCommitted> {
        match self.store.commit(change).await {
            Ok(()) => {
                self.metrics.changes.get_or_create(&ActionLabel(action)).inc();
                if action.erases_values() {
                    self.log_holds_deleted.store(true, Ordering::SeqCst);
                }
                Ok(())
            }
            Err(CommitError::Unmet(Unmet::Taken)) => Err(NotCommitted::Taken),
            Err(CommitError::Unmet(Unmet::Stale)) => Err(NotCommitted::Stale),
            Err(CommitError::Unmet(Unmet::NoOperator)) => {
                Err(NotCommitted::Failed(Error::LastOne(LastOne::Operator)))
            }
            Err(CommitError::Unmet(Unmet::NoOwner)) => {
                Err(NotCommitted::Failed(Error::LastOne(LastOne::Owner)))
            }
            Err(CommitError::OutcomeUnknown) => {
                tracing::error!("the outcome of a commit is unknown");
                Err(NotCommitted::Failed(Error::OutcomeUnknown))
            }
            Err(error @ CommitError::Unavailable(_)) => {
                tracing::warn!(%error, "a change was not committed");
                Err(NotCommitted::Failed(Error::Busy))
            }
            Err(error @ CommitError::Fault(_)) => {
                tracing::error!(%error, "a change was not committed");
                Err(NotCommitted::Failed(Error::Internal))
            }
        }
    }

    /// Commits a change of who may do what: from when this returns, no request is served by what was before.
    pub(crate) async fn commit_identity(&self, action: Action, change: Audited) -> Result<(), NotCommitted> {
        let identities = Arc::clone(&self.identities);
        // Not after the wait: the caller may hang up meanwhile, and the change goes on without them.
        let change = change.ends_views().afterwards(move || identities.forget_all());
        let outcome = self.commit(action, change).await;
        if let Err(NotCommitted::Failed(_)) = outcome {
            // It may have been done all the same.
            self.identities.forget_all();
        }
        outcome
    }

    /// Logs what a read failed with, once, and turns it into what callers are told.
    pub(crate) fn fault(&self, error: &StoreError) -> Error {
        match error {
            StoreError::Unavailable(_) => {
                tracing::warn!(%error, "a read failed");
                Error::Busy
            }
            StoreError::Malformed(_) | StoreError::Fault(_) => {
                tracing::error!(%error, "a read failed");
                Error::Internal
            }
        }
    }

    /// Waits until no other change of this record is under way on this node. The row's version keeps
    /// changes apart in any case; this only spares them from failing in turn.
    pub(crate) async fn hold_record(&self, id: SecretId) -> MutexGuard<'_, ()> {
        self.records.of(id).lock().await
    }

    /// The moment of a change of a row: now, but never before an earlier change of it. In whole
    /// milliseconds, as moments are shown, so that nothing expires later than it says.
    pub(crate) fn moment_after(&self, columns: &SecretColumns) -> Timestamp {
        let now = Timestamp::from_millis(self.clock.now().millis());
        now.max(columns.created_at).max(columns.updated_at.unwrap_or(columns.created_at))
    }

    /// Reports a row that does not open: in the metrics each time, in the log and the audit log once
    /// for each of its versions.
    pub(crate) async fn report_locked(&self, columns: &SecretColumns) {
        /// Beyond so many nothing new is remembered, and all is reported again.
        const REMEMBERED: usize = 10_000;
        self.metrics.locked_reads.inc();
        {
            let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
            if reported.len() >= REMEMBERED {
                reported.clear();
            }
            if !reported.insert((columns.id, columns.version)) {
                return;
            }
        }
        tracing::error!(secret = %columns.id, "a row does not open: it is damaged or was tampered with");
        let mut event =
            self.event(None, columns.collection.org(), Action::SecretLocked, secret_subject(columns));
        event.outcome = Outcome::Failed;
        // The read fails in any case; that it could not be recorded is in the log.
        let _ = self.commit(Action::SecretLocked, keyholt_store::Changes::new().record(event)).await;
    }
}

/// What an event about a secret names.
pub(crate) fn secret_subject(columns: &SecretColumns) -> Subject {
    let kind = match columns.collection {
        keyholt_types::Collection::Org(_) => SubjectKind::Secret,
        keyholt_types::Collection::Project(..) => SubjectKind::ProjectSecret,
    };
    Subject { kind, id: columns.id.uuid(), name: columns.name.clone() }
}

/// Why a change was not committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotCommitted {
    /// Another row has the name or id.
    Taken,
    /// The row has changed since it was read.
    Stale,
    /// Anything else; already logged.
    Failed(Error),
}

/// How often a use case starts over because others changed what it read.
pub(crate) const ATTEMPTS: usize = 32;

/// Locks for records, many records to a lock.
struct RecordLocks(Box<[tokio::sync::Mutex<()>]>);

impl Default for RecordLocks {
    fn default() -> Self {
        Self((0..256).map(|_| tokio::sync::Mutex::new(())).collect())
    }
}

impl RecordLocks {
    #[expect(clippy::indexing_slicing, reason = "a byte is below 256, the number of locks")]
    fn of(&self, id: SecretId) -> &tokio::sync::Mutex<()> {
        // The last byte of an id is random.
        &self.0[usize::from(id.as_bytes()[15])]
    }
}
