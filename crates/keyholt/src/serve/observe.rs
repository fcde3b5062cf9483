//! Work in the background: writing down who was refused, which API keys were used, and what values were used for; and
//! that the clock was moved.

use std::time::Duration;

use keyholt_engine::Engine;
use tokio_util::sync::CancellationToken;

/// How much of it, at most, is lost when the process is killed (design/decisions.md 18).
const PAUSE: Duration = Duration::from_secs(1);

/// Writes down what was observed, again and again until shutdown. What is observed after that, while the last
/// requests are answered, is left to whoever waits for them.
pub(super) async fn observe(engine: &Engine, shutdown: CancellationToken) {
    while shutdown.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_some() {
        engine.note_clock_jump().await;
        engine.write_down_observations().await;
    }
}
