//! Serving, from the first connection to the last.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use keyholt_api::{ApiSettings, AppState, Metrics, ServerLimits};
use keyholt_engine::TestSecret;
use keyholt_gateway::{Gateway, GatewaySettings};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use super::greeting::{self, Address};
use super::listen::MetricsListener;
use super::signals::Signals;
use super::{jwks, listen, observe, start, sweep, tls};
use crate::config::{Bootstrapping, Settings};

/// Time for the last answers when the storage has failed for good.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// How serving came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// By a signal; what was in flight was answered.
    Asked,
    /// By a second signal, at once.
    AskedTwice,
    /// The storage failed for good.
    StorageFailed,
}

/// Opens everything and serves.
///
/// # Errors
/// When the server must not start.
pub(super) async fn serve(mut settings: Settings, mut signals: Signals) -> Result<Ending> {
    let tls = settings.tls.as_ref().map(tls::load).transpose()?;
    let (listener, address) = listen::bind("--listen", settings.listen).await?;
    let metrics = listen::bind_metrics(settings.metrics_listen).await?;
    let given = Bootstrapping {
        api_key: settings.bootstrapping.api_key.take(),
        org: settings.bootstrapping.org.take(),
    };
    let opened = start::open(&settings, given).await?;
    let (engine, has_tls) = (opened.engine, tls.is_some());
    let address = Address {
        url: listen::url(address, has_tls),
        local_url: listen::local_url(address, has_tls),
        picked_metrics_url: metrics.as_ref().and_then(|metrics| metrics.picked_url.clone()),
    };
    greeting::print(&settings, &address, opened.first_start.as_ref())?;
    // It has been shown and is wiped now, not at the end.
    drop(opened.first_start);
    tracing::info!(url = address.url, version = env!("CARGO_PKG_VERSION"), "serving");

    let mut registry = Registry::default();
    let counters = Metrics::register(&mut registry);
    engine.register_metrics(&mut registry);
    let shutdown = CancellationToken::new();
    let gateway_settings = GatewaySettings { egress: settings.egress.clone(), ..GatewaySettings::default() };
    let gateway = Gateway::new(Arc::clone(&engine), gateway_settings, &mut registry);
    if !gateway.has_roots() {
        tracing::warn!("this machine has no root certificates: the gateway can reach no provider over https");
    }
    let tester: Arc<dyn TestSecret> = Arc::new(gateway.clone());
    let limits = server_limits(&settings);
    let api_settings = Arc::new(api_settings(settings));
    let state = AppState::with_tester(Arc::clone(&engine), api_settings, counters, Some(tester));
    let app = keyholt_api::app_with_gateway(state.clone(), gateway.clone(), keyholt_gateway::openapi());
    let mut work = pin!(async {
        tokio::join!(
            keyholt_api::serve(vec![listener], tls, app, limits, shutdown.clone()),
            publish_metrics(metrics, registry, shutdown.clone()),
            sweep::sweep(&engine, shutdown.clone()),
            observe::observe(&engine, shutdown.clone()),
            jwks::keep(&engine, shutdown.clone()),
            shutdown.run_until_cancelled(state.watch_pressure()),
        )
    });
    let ending = tokio::select! {
        _ = &mut work => Ending::Asked,
        () = signals.next() => Ending::Asked,
        () = engine.failed() => Ending::StorageFailed,
    };
    if ending == Ending::StorageFailed {
        shutdown.cancel();
        // Those who wait are told that the outcome is unknown; more cannot be done for them.
        let _ = tokio::time::timeout(LAST_ANSWERS, work).await;
        return Ok(ending);
    }
    tracing::info!(
        "stopping: no new connections, what is in flight is answered; a second signal stops at once"
    );
    shutdown.cancel();
    let ended = async {
        work.await;
        gateway.close().await;
        // Nobody is served any more: this is the last of it.
        engine.write_down_observations().await;
    };
    Ok(tokio::select! {
        () = ended => ending,
        () = signals.next() => Ending::AskedTwice,
        () = engine.failed() => Ending::StorageFailed,
    })
}

fn server_limits(settings: &Settings) -> ServerLimits {
    ServerLimits {
        connections: settings.connections.all,
        connections_per_address: settings.connections.per_address,
        forwarders: settings.forwarders.clone(),
        ..ServerLimits::default()
    }
}

fn api_settings(settings: Settings) -> ApiSettings {
    ApiSettings {
        public_url: settings.public_url,
        has_tls: settings.tls.is_some(),
        proxy_url: settings.proxy_url,
        cors_origins: settings.cors_origins,
        forwarders: settings.forwarders,
        access_log: settings.access_log,
        ..ApiSettings::default()
    }
}

/// Few connections are enough for those who collect metrics.
async fn publish_metrics(metrics: Option<MetricsListener>, registry: Registry, shutdown: CancellationToken) {
    let Some(MetricsListener { listener, .. }) = metrics else { return };
    let limits = ServerLimits { connections: 64, connections_per_address: 0, ..ServerLimits::default() };
    let router = keyholt_api::metrics_router(Arc::new(registry));
    keyholt_api::serve(vec![listener], None, router, limits, shutdown).await;
}
