//! Listing secrets, a short batch at a time, so that a list of any length takes constant memory and
//! no read lasts long.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use keyholt_store::{OrgScope, Scope, SecretHead, SecretRange, SecretRow, StoreError};
use keyholt_types::{Caller, Restrictions, SecretId};

use super::sealing::is_within;
use crate::authorise::Operation;
use crate::{Engine, Error, ListedSecret, OrgChoice, SecretFilter};

/// How many rows are read at a time.
const BATCH: u32 = 100;

/// How many bytes of details a batch holds before it ends, so that rows that are large do not make it large.
const BATCH_BYTES: usize = 256 * 1024;

/// How many types are looked up each on its own. For more of them all rows are read and most left out,
/// so that no list costs more than one without types.
const MOST_KINDS: usize = 32;

/// A list that is being read.
pub struct SecretList {
    engine: Arc<Engine>,
    plan: Plan,
    reach: Restrictions,
    remaining: u64,
    with_locked: bool,
}

/// What is still to be read.
enum Plan {
    /// These rows, in this order.
    Rows(VecDeque<(Scope, SecretId)>),
    /// Newest first: rows of these collections and types, between two ids.
    Descending { runs: Runs, above: Option<SecretId>, below: Option<SecretId> },
    /// Oldest first: rows of a collection above an id.
    Ascending { scope: Scope, above: Option<SecretId> },
}

/// Rows in the order of their ids: each collection, and each type of it, is such a run of its own in
/// the database; together they are merged.
struct Runs {
    scopes: Vec<Scope>,
    kinds: Option<Vec<Box<str>>>,
}

impl Runs {
    fn new(scopes: Vec<Scope>, mut kinds: Option<Vec<Box<str>>>) -> Self {
        if let Some(kinds) = &mut kinds {
            kinds.sort_unstable();
            kinds.dedup();
        }
        Self { scopes, kinds }
    }

    /// The types, when they are too many to be looked up each on its own; in order.
    fn sieve(&self) -> Option<&[Box<str>]> {
        self.kinds.as_deref().filter(|kinds| kinds.len() > MOST_KINDS)
    }

    fn each(&self) -> impl Iterator<Item = (Scope, Option<&str>)> {
        let kinds = self.kinds.as_ref().filter(|_| self.sieve().is_none());
        self.scopes.iter().flat_map(move |scope| {
            let kinds =
                kinds.map_or_else(|| vec![None], |kinds| kinds.iter().map(|kind| Some(&**kind)).collect());
            kinds.into_iter().map(move |kind| (*scope, kind))
        })
    }
}

/// Cuts rows off after so many, and after so many bytes; tells whether there were more.
fn cut(rows: &mut Vec<SecretRow>, most: usize) -> bool {
    let mut bytes = 0;
    let goes_on = |row: &SecretRow| {
        let before = bytes;
        bytes += row.details.len();
        before < BATCH_BYTES
    };
    let kept = rows.iter().take(most).map(goes_on).take_while(|goes_on| *goes_on).count();
    let is_cut = kept < rows.len();
    rows.truncate(kept);
    is_cut
}

/// Whether a type is among these, which are in order.
fn is_among(kinds: &[Box<str>], kind: Option<&str>) -> bool {
    kind.is_some_and(|kind| kinds.binary_search_by(|one| (**one).cmp(kind)).is_ok())
}

impl Engine {
    /// Lists secrets of the caller's organisations, newest first (wire/braintrust.md 3.1, 4.6).
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn list_secrets(
        self: &Arc<Self>,
        caller: &Caller,
        org: OrgChoice<'_>,
        filter: SecretFilter,
    ) -> Result<SecretList, Error> {
        self.list_secrets_for(caller, org, filter, Operation::ReadSecrets).await
    }

    /// The same for another purpose than reading.
    pub(crate) async fn list_secrets_for(
        self: &Arc<Self>,
        caller: &Caller,
        org: OrgChoice<'_>,
        filter: SecretFilter,
        operation: Operation,
    ) -> Result<SecretList, Error> {
        let scopes: Vec<Scope> =
            self.all_orgs(caller, org, operation)?.into_iter().map(OrgScope::secrets).collect();
        let reach = &caller.identity.restrictions;
        let remaining = filter.limit.unwrap_or(u64::MAX);
        let with_locked = filter.with_locked;
        let plan = if remaining == 0 || scopes.is_empty() {
            Plan::Rows(VecDeque::new())
        } else if filter.ids.is_some() || filter.name.is_some() {
            Plan::Rows(self.pick_rows(&scopes, reach, &filter).await?)
        } else {
            let runs = Runs::new(scopes, filter.kinds);
            let (above, mut below) = (filter.ending_before, filter.starting_after);
            if let (Some(above), None, Some(limit)) = (above, below, filter.limit) {
                below = self.nearest_above(&runs, reach, above, limit).await?;
            }
            Plan::Descending { runs, above, below }
        };
        Ok(SecretList { engine: Arc::clone(self), plan, reach: reach.clone(), remaining, with_locked })
    }

    /// Lists all secrets of the caller's own project, oldest first (wire/together.md 3.1).
    ///
    /// # Errors
    /// When the caller may not read.
    pub async fn list_project_secrets(self: &Arc<Self>, caller: &Caller) -> Result<SecretList, Error> {
        self.list_project_secrets_for(caller, Operation::ReadSecrets)
    }

    /// The same for another purpose than reading.
    pub(crate) fn list_project_secrets_for(
        self: &Arc<Self>,
        caller: &Caller,
        operation: Operation,
    ) -> Result<SecretList, Error> {
        let scope = self.project_scope(caller, operation)?;
        Ok(SecretList {
            engine: Arc::clone(self),
            plan: Plan::Ascending { scope, above: None },
            reach: caller.identity.restrictions.clone(),
            remaining: u64::MAX,
            with_locked: false,
        })
    }

    /// The rows that ids or a name pick out, newest first. Only where they are is kept.
    async fn pick_rows(
        &self,
        scopes: &[Scope],
        reach: &Restrictions,
        filter: &SecretFilter,
    ) -> Result<VecDeque<(Scope, SecretId)>, Error> {
        let mut picked = Vec::new();
        let wanted = |row: &SecretRow| {
            let columns = &row.columns;
            let kind = columns.kind.as_deref();
            !columns.is_expired(self.clock.now())
                && is_within(reach, columns)
                && filter.name.as_ref().is_none_or(|name| **name == *columns.name)
                && filter.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|one| Some(&**one) == kind))
                && filter.starting_after.is_none_or(|cursor| columns.id < cursor)
                && filter.ending_before.is_none_or(|cursor| columns.id > cursor)
        };
        let ids: Option<BTreeSet<SecretId>> = filter.ids.as_ref().map(|ids| ids.iter().copied().collect());
        for scope in scopes {
            let mut pick = |found: Result<Option<SecretRow>, StoreError>| {
                let row = found.map_err(|error| self.fault(&error))?.filter(&wanted);
                picked.extend(row.map(|row| (*scope, row.columns.id)));
                Ok(())
            };
            if let Some(ids) = &ids {
                for id in ids {
                    pick(self.store.find_secret(*scope, *id).await)?;
                }
            } else if let Some(name) = &filter.name {
                pick(self.store.find_secret_named(*scope, name).await)?;
            }
        }
        picked.sort_unstable_by_key(|(_, id)| std::cmp::Reverse(*id));
        let mut picked = VecDeque::from(picked);
        if let (Some(limit), Some(_), None) = (filter.limit, filter.ending_before, filter.starting_after) {
            // The rows nearest to the cursor are the last ones.
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            picked.drain(..picked.len().saturating_sub(limit));
        }
        Ok(picked)
    }

    /// Where a list that ends just before a cursor begins: the id below which just so many rows lie
    /// above the cursor; none when there are no more rows than that. Only rows that the list will show are
    /// counted, as far as that can be told without opening them.
    async fn nearest_above(
        &self,
        runs: &Runs,
        reach: &Restrictions,
        cursor: SecretId,
        limit: u64,
    ) -> Result<Option<SecretId>, Error> {
        let now = self.clock.now();
        let counts = |head: &SecretHead| {
            let kind = head.kind.as_deref();
            head.expires_at.is_none_or(|end| now < end)
                && reach.allow_secret(&head.name, kind)
                && runs.sieve().is_none_or(|kinds| is_among(kinds, kind))
        };
        let (mut above, mut counted) = (cursor, 0);
        loop {
            // Each with whether it counts.
            let mut rows: Vec<(SecretId, bool)> = Vec::new();
            for (scope, kind) in runs.each() {
                let range = SecretRange { above: Some(above), below: None, kind };
                let found = self.store.list_secret_heads(scope, range, BATCH).await;
                let found = found.map_err(|error| self.fault(&error))?;
                rows.extend(found.iter().map(|head| (head.id, counts(head))));
            }
            rows.sort_unstable();
            rows.truncate(BATCH as usize);
            let Some((last, _)) = rows.last().copied() else { return Ok(None) };
            let ids: Vec<SecretId> = rows.into_iter().filter(|(_, counts)| *counts).map(|(id, _)| id).collect();
            let left = usize::try_from(limit - counted).unwrap_or(usize::MAX);
            // The first row beyond the limit bounds the list.
            if let Some(bound) = ids.get(left) {
                return Ok(Some(*bound));
            }
            counted += ids.len() as u64;
            above = last;
        }
    }
}

impl SecretList {
    /// The next few secrets; none at the end of the list. Never more than 100.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub async fn next(&mut self) -> Result<Vec<ListedSecret>, Error> {
        loop {
            let batch = u32::try_from(self.remaining).unwrap_or(u32::MAX).min(BATCH);
            if batch == 0 {
                return Ok(Vec::new());
            }
            let (rows, at_end) = self.read(batch).await?;
            let mut listed = Vec::with_capacity(rows.len());
            for row in rows {
                let columns = row.columns.clone();
                match self.engine.open_present(&self.reach, row).await {
                    Ok(Some(view)) => listed.push(ListedSecret::Open(view)),
                    Ok(None) => {}
                    Err(Error::Locked) if self.with_locked => listed.push(ListedSecret::Locked(columns)),
                    Err(Error::Locked) => {}
                    Err(other) => return Err(other),
                }
            }
            self.remaining = if at_end { 0 } else { self.remaining.saturating_sub(listed.len() as u64) };
            if at_end || !listed.is_empty() {
                return Ok(listed);
            }
        }
    }

    /// Reads rows on from where the list stands, and tells whether its end was reached.
    async fn read(&mut self, batch: u32) -> Result<(Vec<SecretRow>, bool), Error> {
        let engine = &self.engine;
        let mut rows = Vec::new();
        let at_end = match &mut self.plan {
            Plan::Rows(left) => {
                let mut bytes = 0;
                while rows.len() < batch as usize && bytes < BATCH_BYTES {
                    let Some((scope, id)) = left.pop_front() else { break };
                    let row = engine.store.find_secret(scope, id).await;
                    let row = row.map_err(|error| engine.fault(&error))?;
                    bytes += row.as_ref().map_or(0, |row| row.details.len());
                    rows.extend(row);
                }
                left.is_empty()
            }
            Plan::Descending { runs, above, below } => {
                let mut above = *above;
                let mut is_whole = true;
                // Where rows are left out, few that are wanted are not looked for one at a time.
                let is_sifted = runs.sieve().is_some() || !self.reach.allow_every_secret();
                let wanted = if is_sifted { BATCH } else { batch };
                for (scope, kind) in runs.each() {
                    // Each run gives as much as a batch holds, so that what the cut leaves of all is complete.
                    let range = SecretRange { above, below: *below, kind };
                    let page = engine.store.list_secrets(scope, range, wanted, BATCH_BYTES).await;
                    let page = page.map_err(|error| engine.fault(&error))?;
                    is_whole &= page.is_whole;
                    // However many runs there are, no more than two batches are held.
                    rows.extend(page.rows);
                    rows.sort_by_key(|row| std::cmp::Reverse(row.columns.id));
                    if cut(&mut rows, wanted as usize) {
                        is_whole = false;
                        above = rows.last().map(|row| row.columns.id);
                    }
                }
                *below = rows.last().map(|row| row.columns.id);
                if let Some(kinds) = runs.sieve() {
                    rows.retain(|row| is_among(kinds, row.columns.kind.as_deref()));
                }
                rows.retain(|row| is_within(&self.reach, &row.columns));
                if rows.len() > batch as usize {
                    is_whole = false;
                    rows.truncate(batch as usize);
                    *below = rows.last().map(|row| row.columns.id);
                }
                is_whole
            }
            Plan::Ascending { scope, above } => {
                let range = SecretRange { above: *above, below: None, kind: None };
                let heads = engine.store.list_secret_heads(*scope, range, batch).await;
                let heads = heads.map_err(|error| engine.fault(&error))?;
                let mut is_whole = heads.len() < batch as usize;
                let mut bytes = 0;
                for SecretHead { id, .. } in heads {
                    if bytes >= BATCH_BYTES {
                        is_whole = false;
                        break;
                    }
                    let row = engine.store.find_secret(*scope, id).await;
                    let row = row.map_err(|error| engine.fault(&error))?;
                    bytes += row.as_ref().map_or(0, |row| row.details.len());
                    rows.extend(row);
                    *above = Some(id);
                }
                is_whole
            }
        };
        Ok((rows, at_end))
    }
}
