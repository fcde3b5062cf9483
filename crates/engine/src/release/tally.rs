//! What was used since it was last written down.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use keyholt_store::UsageRow;
use keyholt_types::{Action, ApiKeyId, AuditEvent, SecretId};

/// What makes two uses the same kind: they are one audit event.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) action: Action,
    pub(super) secret: SecretId,
    pub(super) api_key: ApiKeyId,
    pub(super) address: Option<IpAddr>,
}

/// What was used since it was last written down.
#[derive(Default)]
pub(crate) struct Used {
    sent: Mutex<HashMap<Kind, AuditEvent>>,
    /// Events that could not be written down, and are the first the next time.
    unwritten: Mutex<Vec<AuditEvent>>,
    spent: Mutex<HashMap<(SecretId, ApiKeyId), UsageRow>>,
}

impl Used {
    /// How many events wait at most while the storage is away; what comes beyond is lost.
    const MOST_UNWRITTEN: usize = 10_000;

    /// Counts a use; its event is made for the first of its kind.
    pub(super) fn send(&self, kind: Kind, event: impl FnOnce() -> AuditEvent) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        match sent.get_mut(&kind) {
            Some(event) => event.count = event.count.saturating_add(1),
            None => drop(sent.insert(kind, event())),
        }
    }

    /// Adds to the totals.
    pub(super) fn spend(&self, row: UsageRow) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.entry((row.secret, row.api_key)).and_modify(|total| add(total, &row)).or_insert(row);
    }

    /// The events, oldest first.
    pub(super) fn take_sent(&self) -> Vec<AuditEvent> {
        let sent = std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner));
        let mut events = std::mem::take(&mut *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner));
        events.extend(sent.into_values());
        events.sort_by_key(|event| event.id);
        events
    }

    /// Keeps events that could not be written down for the next time; gives how many are too many and lost.
    pub(super) fn give_back_sent(&self, mut events: Vec<AuditEvent>) -> usize {
        let lost = events.len().saturating_sub(Self::MOST_UNWRITTEN);
        events.truncate(Self::MOST_UNWRITTEN);
        *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner) = events;
        lost
    }

    /// The totals. In one order on every node, so that two of them never wait for each other.
    pub(super) fn take_spent(&self) -> Vec<UsageRow> {
        let spent = std::mem::take(&mut *self.spent.lock().unwrap_or_else(PoisonError::into_inner));
        let mut rows: Vec<UsageRow> = spent.into_values().collect();
        rows.sort_by_key(|row| (row.org, row.secret, row.api_key));
        rows
    }
}

fn add(total: &mut UsageRow, row: &UsageRow) {
    total.requests = total.requests.saturating_add(row.requests);
    total.failed = total.failed.saturating_add(row.failed);
    total.bytes_up = total.bytes_up.saturating_add(row.bytes_up);
    total.bytes_down = total.bytes_down.saturating_add(row.bytes_down);
    total.input_tokens = total.input_tokens.saturating_add(row.input_tokens);
    total.output_tokens = total.output_tokens.saturating_add(row.output_tokens);
    // What could not be written down comes back beside what came later.
    if row.last_used_at >= total.last_used_at {
        total.last_status = row.last_status;
        total.last_used_at = row.last_used_at;
    }
}
