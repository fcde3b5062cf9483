//! Work in the background: erasing secrets whose time is over.

use std::time::Duration;

use keyholt_engine::Engine;
use tokio_util::sync::CancellationToken;

/// How long an expired secret, which nobody can read any more, may stay on the disk.
const PAUSE: Duration = Duration::from_secs(60);

/// Erases expired secrets, again and again until shutdown.
pub(super) async fn sweep(engine: &Engine, shutdown: CancellationToken) {
    loop {
        erase_all(engine, &shutdown).await;
        if shutdown.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
            return;
        }
    }
}

async fn erase_all(engine: &Engine, shutdown: &CancellationToken) {
    while !shutdown.is_cancelled() {
        match engine.erase_expired().await {
            Ok(0) => return,
            Ok(erased) => tracing::debug!(erased, "expired secrets were erased"),
            // Why is in the log already; they are tried again after the pause.
            Err(_) => return,
        }
    }
}
