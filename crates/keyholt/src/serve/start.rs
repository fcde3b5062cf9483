//! Opening the store and the engine.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use anyhow::Result;
use keyholt_engine::{Bootstrap, EngineSettings, OpenOptions, Opened, SystemClock};
use keyholt_store::Store;

use super::{jwks, root_key};
use crate::config::{Bootstrapping, RootKeySource, Settings};

/// Opens the engine; on an empty store this founds it.
///
/// # Errors
/// When the store is locked, damaged, of a later version, or the root key is not the right one.
pub(super) async fn open(settings: &Settings, bootstrapping: Bootstrapping) -> Result<Opened> {
    // Before anything is written: a first start that cannot go on must not happen.
    let jwt = jwks::options(&settings.jwt_issuers)?;
    let store = Store::open_directory(&settings.data_dir)?;
    warn_of_permissions(settings);
    let was_given = bootstrapping.api_key.is_some();
    let opened = keyholt_engine::open(OpenOptions {
        store,
        clock: Arc::new(SystemClock::start()),
        root_key: &|state| root_key::provide(&settings.root_key, state),
        settings: EngineSettings {
            versions_kept: settings.versions_kept,
            limits: settings.limits,
            jwt,
            resolvers: settings.resolve_proxies.clone(),
            models: settings.models.clone(),
        },
        bootstrap: Bootstrap { api_key: bootstrapping.api_key, org: bootstrapping.org },
    })
    .await?;
    if was_given && opened.first_start.is_none() {
        tracing::info!("KEYHOLT_BOOTSTRAP_API_KEY is ignored: the store is in use already");
    }
    Ok(opened)
}

fn warn_of_permissions(settings: &Settings) {
    let dir = &settings.data_dir;
    if std::fs::metadata(dir).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        tracing::warn!(dir = %dir.display(), "others have access to the data directory; run chmod 700 on it");
    }
    if let RootKeySource::File(file) = &settings.root_key
        && file.starts_with(dir)
    {
        tracing::warn!(
            file = %file.display(),
            "the root key lies in the data directory: a backup of the data would carry it"
        );
    }
}
