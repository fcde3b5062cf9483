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
    spent: Mutex<HashMap<(SecretId, ApiKeyId), UsageRow>>,
}

impl Used {
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
        let mut events: Vec<AuditEvent> = sent.into_values().collect();
        events.sort_by_key(|event| event.id);
        events
    }

    /// The totals.
    pub(super) fn take_spent(&self) -> Vec<UsageRow> {
        let spent = std::mem::take(&mut *self.spent.lock().unwrap_or_else(PoisonError::into_inner));
        spent.into_values().collect()
    }
}

fn add(total: &mut UsageRow, row: &UsageRow) {
    total.requests = total.requests.saturating_add(row.requests);
    total.failed = total.failed.saturating_add(row.failed);
    total.bytes_up = total.bytes_up.saturating_add(row.bytes_up);
    total.bytes_down = total.bytes_down.saturating_add(row.bytes_down);
    total.input_tokens = total.input_tokens.saturating_add(row.input_tokens);
    total.output_tokens = total.output_tokens.saturating_add(row.output_tokens);
    total.last_status = row.last_status;
    total.last_used_at = row.last_used_at;
}
