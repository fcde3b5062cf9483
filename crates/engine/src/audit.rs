//! Reading the audit log, and proving that it is as it was written.

use keyholt_store::OrgScope;
use keyholt_types::{
    Action, AuditEvent, AuditRecord, Caller, EventId, Outcome, Restrictions, Subject, SubjectKind,
};

use crate::audit_chains::verify_chains;
use crate::authorise::Operation;
use crate::{AuditVerdict, Engine, Error, OrgChoice, PageRequest};

/// How many records are read at a time.
const BATCH: u32 = 500;

/// Which audit events to list. Filters are ANDed.
#[derive(Debug, Clone, Copy)]
pub struct AuditFilter {
    /// Position and limit.
    pub page: PageRequest<EventId>,
    /// Only those that ended so.
    pub outcome: Option<Outcome>,
    /// Only this action.
    pub action: Option<Action>,
}

impl From<PageRequest<EventId>> for AuditFilter {
    fn from(page: PageRequest<EventId>) -> Self {
        Self { page, outcome: None, action: None }
    }
}

impl AuditFilter {
    const fn is_of_everything(&self) -> bool {
        self.outcome.is_none() && self.action.is_none()
    }

    fn admits(&self, event: &AuditEvent) -> bool {
        self.outcome.is_none_or(|outcome| outcome == event.outcome)
            && self.action.is_none_or(|action| action == event.action)
    }
}

/// Whether whoever has this reach reads of this: of secrets only of those that are named as theirs are. What type one
/// had at the time is not in the log, so that who is narrowed to types reads of no secret.
fn is_within(reach: &Restrictions, subject: &Subject) -> bool {
    match subject.kind {
        SubjectKind::Secret | SubjectKind::ProjectSecret => reach.allow_secret(&subject.name, None),
        SubjectKind::Deployment
        | SubjectKind::Org
        | SubjectKind::Project
        | SubjectKind::Principal
        | SubjectKind::ApiKey => true,
    }
}

impl Engine {
    /// Lists audit events of the caller's organisations, newest first; to operators who name no organisation
    /// also those of the installation as a whole, such as credentials that nobody has. Of a long log of which
    /// little is wanted it reads much, [`BATCH`] records at a time. Secrets out of the caller's reach are not in it.
    ///
    /// # Errors
    /// When the caller may not administer.
    pub async fn list_audit(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        filter: impl Into<AuditFilter>,
    ) -> Result<Vec<AuditRecord>, Error> {
        let filter = filter.into();
        let scopes = self.all_orgs(caller, org, Operation::ReadAudit)?;
        let mut places: Vec<Option<OrgScope>> = scopes.into_iter().map(Some).collect();
        if caller.identity.operator && matches!(org, OrgChoice::Unnamed) {
            places.push(None);
        }
        let mut records: Vec<AuditRecord> = Vec::new();
        for place in places {
            records.extend(self.list_audit_of(place, &filter, &caller.identity.restrictions).await?);
        }
        records.sort_by_key(|record| std::cmp::Reverse(record.event.id));
        records.truncate(filter.page.limit as usize);
        Ok(records)
    }

    /// The newest events that are wanted of an organisation, or of the installation as a whole.
    async fn list_audit_of(
        &self,
        place: Option<OrgScope>,
        filter: &AuditFilter,
        reach: &Restrictions,
    ) -> Result<Vec<AuditRecord>, Error> {
        let limit = filter.page.limit as usize;
        // What is not filtered is not read in vain.
        let is_everything = filter.is_of_everything() && reach.allow_every_secret();
        let batch = if is_everything { BATCH.min(filter.page.limit) } else { BATCH };
        let (mut below, mut found) = (filter.page.starting_after, Vec::new());
        loop {
            let stored = match place {
                Some(scope) => self.store.list_audit_events(scope, below, batch).await,
                None => self.store.list_deployment_audit_events(below, batch).await,
            };
            let stored = stored.map_err(|error| self.fault(&error))?;
            let is_end = stored.len() < batch as usize;
            below = stored.last().map(|stored| stored.record.event.id);
            let records = stored.into_iter().map(|stored| stored.record);
            let wanted = records
                .filter(|record| filter.admits(&record.event) && is_within(reach, &record.event.subject));
            found.extend(wanted.take(limit - found.len()));
            if is_end || found.len() >= limit {
                return Ok(found);
            }
            // Others get their turn between batches of a long log.
            tokio::task::yield_now().await;
        }
    }

    /// Reads the whole audit log of the installation and checks that no record is missing or changed.
    /// Records cut off at a chain's end are found only against an exported head.
    ///
    /// # Errors
    /// When the caller is no operator, or the storage is unavailable.
    pub async fn verify_audit(&self, caller: &Caller) -> Result<AuditVerdict, Error> {
        self.require_operator(caller)?;
        let verdict = verify_chains(&self.store, Some(&self.keyring), &mut |_| {}).await;
        verdict.map_err(|error| self.fault(&error))
    }
}
