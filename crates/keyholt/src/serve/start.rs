//! Opening the store and the engine.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use anyhow::Result;
use keyholt_engine::{Bootstrap, EngineSettings, OpenOptions, Opened, SystemClock};
use keyholt_store::{PostgresUrl, Store};

use super::{jwks, root_key};
use crate::config::{Bootstrapping, Database, RootKeySource, Settings};

/// Opens the engine; on an empty store this founds it.
///
/// # Errors
/// When the store is locked, damaged, of a later version, or the root key is not the right one.
pub(super) async fn open(settings: &Settings, bootstrapping: Bootstrapping) -> Result<Opened> {
    // Before anything is written: a first start that cannot go on must not happen.
    let jwt = jwks::options(&settings.jwt_issuers)?;
    let store = open_store(settings).await?;
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
    // Only now, so that a refusal is one line.
    let database = match &settings.database {
        Database::Sqlite => settings.data_dir.display().to_string(),
        Database::Postgres(options) => options.url.to_string(),
    };
    tracing::info!(database, durability = opened.engine.durability().word(), "the store is open");
    if was_given && opened.first_start.is_none() {
        tracing::info!("KEYHOLT_BOOTSTRAP_API_KEY is ignored: the store is in use already");
    }
    Ok(opened)
}

async fn open_store(settings: &Settings) -> Result<Store> {
    match &settings.database {
        Database::Sqlite => {
            let store = Store::open_directory(&settings.data_dir)?;
            warn_of_permissions(settings);
            Ok(store)
        }
        Database::Postgres(options) => {
            let store = Store::connect(options).await?;
            warn_of_postgres(settings, &options.url);
            Ok(store)
        }
    }
}

fn warn_of_postgres(settings: &Settings, url: &PostgresUrl) {
    if settings.is_data_dir_given {
        tracing::info!("data_dir is not used: the data are in PostgreSQL; only a root key may lie beside it");
    }
    if let Some(hosts) = url.plaintext_hosts() {
        tracing::warn!(
            hosts,
            "sslmode=disable: whoever is between this machine and the database can read and change what passes; \
             see docs/postgresql.md"
        );
    }
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
