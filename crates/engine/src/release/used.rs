//! What was used: gathered for at most a second and written down together, one audit event for all requests of a
//! caller with a secret, and the totals (design/decisions.md 18).

use keyholt_store::{Changes, CommitError, UsageRow, Uses};
use keyholt_types::{Action, Caller};

use super::Usable;
use super::tally::Kind;
use crate::engine::{NotCommitted, secret_subject};
use crate::{Engine, Error};

/// What one request to a provider came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    /// The status of the answer; none when there was none.
    pub status: Option<u16>,
    /// Bytes of the body that was sent.
    pub bytes_up: u64,
    /// Bytes of the body that came back.
    pub bytes_down: u64,
    /// Tokens that went in, where the answer says so.
    pub input_tokens: u64,
    /// Tokens that came out, where the answer says so.
    pub output_tokens: u64,
}

impl Engine {
    /// Counts a request in which a value is about to be sent to its provider. It is in the audit log within a
    /// second.
    pub fn count_use(&self, caller: &Caller, usable: &Usable, action: Action) {
        let columns = &usable.secret().columns;
        let kind = Kind {
            action,
            secret: columns.id,
            api_key: caller.identity.api_key,
            address: caller.request.address,
        };
        let org = columns.collection.org();
        self.used.send(kind, || self.event(Some(caller), org, action, secret_subject(columns)));
    }

    /// Counts a request that was refused before a secret was chosen: it would have said where it goes, or could be
    /// read in two ways.
    pub fn count_refused_use(&self, caller: &Caller) {
        self.count_refused_attempt(caller, None, Action::SecretUse);
    }

    /// Adds what a request came to to the totals of its secret and its API key.
    pub fn count_spent(&self, caller: &Caller, usable: &Usable, spent: Spent) {
        let columns = &usable.secret().columns;
        self.used.spend(UsageRow {
            org: columns.collection.org(),
            secret: columns.id,
            api_key: caller.identity.counted_as(),
            requests: 1,
            failed: i64::from(!spent.status.is_some_and(|status| (200..400).contains(&status))),
            bytes_up: counted(spent.bytes_up),
            bytes_down: counted(spent.bytes_down),
            input_tokens: counted(spent.input_tokens),
            output_tokens: counted(spent.output_tokens),
            last_status: i64::from(spent.status.unwrap_or_default()),
            last_used_at: self.clock.now(),
        });
    }

    /// Writes down what was used since the last time. What the storage cannot take now is kept for the next time.
    pub(crate) async fn write_down_used(&self) {
        let mut events = self.used.take_sent().into_iter();
        while let Some(event) = events.next() {
            let again = event.clone();
            match self.commit(event.action, Changes::new().record(event)).await {
                Err(NotCommitted::Failed(Error::Busy)) => {
                    let lost = self.used.give_back_sent(std::iter::once(again).chain(events).collect());
                    if lost > 0 {
                        tracing::error!(lost, "events of uses are lost: too many wait for the storage");
                    }
                    break;
                }
                // Why is in the log already; it may be there, or never will.
                Ok(()) | Err(NotCommitted::Failed(_) | NotCommitted::Taken | NotCommitted::Stale) => {}
            }
        }
        let spent = self.used.take_spent();
        if spent.is_empty() {
            return;
        }
        let uses = spent.iter().fold(Uses::new(), |uses, row| uses.spent(row));
        match self.store.note_uses(uses).await {
            Ok(()) => {}
            Err(CommitError::Unavailable(_)) => spent.into_iter().for_each(|row| self.used.spend(row)),
            Err(error) => tracing::warn!(%error, "what was used could not be written down"),
        }
    }
}

fn counted(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
