//! What a request to a provider comes to, told to the engine once, however it ends.

use std::sync::Arc;

use keyholt_engine::{Engine, Spent, Usable};
use keyholt_types::{Action, Caller};

use super::upload::Sent;

/// A request with a value in it. Counted as used when it is made, and with what it came to when it is dropped: also
/// when the caller goes away.
pub(super) struct Spending {
    engine: Arc<Engine>,
    caller: Caller,
    usable: Arc<Usable>,
    /// How far a body has got that is sent while it comes; an answer may begin before its end.
    sent: Option<Sent>,
    pub(super) spent: Spent,
}

impl Spending {
    /// Right before the request is sent.
    pub(super) fn begin(engine: &Arc<Engine>, caller: &Caller, usable: &Arc<Usable>) -> Self {
        engine.count_use(caller, usable, Action::SecretUse);
        Self {
            engine: Arc::clone(engine),
            caller: caller.clone(),
            usable: Arc::clone(usable),
            sent: None,
            spent: Spent::default(),
        }
    }

    /// The body is sent while it comes: what has been sent in the end is what counts.
    pub(super) fn follow(&mut self, sent: Sent) {
        self.sent = Some(sent);
    }

    /// The provider sent the value back.
    pub(super) fn echoed(&self) {
        self.engine.count_use(&self.caller, &self.usable, Action::SecretEcho);
        tracing::warn!(secret = %self.usable.secret().columns.id, "an upstream's answer held the value that it was sent");
    }

    /// The secret.
    pub(super) fn usable(&self) -> &Usable {
        &self.usable
    }
}

impl Drop for Spending {
    fn drop(&mut self) {
        if let Some(sent) = &self.sent {
            self.spent.bytes_up = sent.bytes();
        }
        self.engine.count_spent(&self.caller, &self.usable, self.spent);
    }
}
