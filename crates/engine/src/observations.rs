//! Writing down what was observed while requests were served.

use keyholt_store::{Changes, Uses};

use crate::Engine;
use crate::engine::NotCommitted;

impl Engine {
    /// Writes down what was used and refused since the last time. To be done every second and at the end.
    pub async fn write_down_observations(&self) {
        let uses = self.identities.take_uses();
        if !uses.is_empty() {
            let uses = uses.into_iter().fold(Uses::new(), |uses, (key, at)| uses.used(key, at));
            if let Err(error) = self.store.note_uses(uses).await {
                tracing::warn!(%error, "when API keys were last used could not be written down");
            }
        }
        self.write_down_used().await;
        for event in self.take_refused() {
            let action = event.action;
            if let Err(NotCommitted::Failed(_)) = self.commit(action, Changes::new().record(event)).await {
                // Why is in the log already; the others would fail likewise.
                return;
            }
        }
    }
}
