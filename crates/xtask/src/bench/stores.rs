//! The stores that are measured: one for each number of secrets and each database, all running at a time, so that one
//! round can ask all of them in turns.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use keyholt_testkit::postgres::Cluster;
use serde_json::json;
use tempfile::TempDir;

use super::arguments::{BenchArgs, Database};
use super::cell::Server;
use super::driver::url_of;
use super::figures::Meter;
use super::footprint::{self, Footprint};
use crate::measure::{Program, ask, fill, first_process, now};

/// What PostgreSQL is given: as much memory as a small installation has. What makes it durable stays on.
const SETTINGS: [(&str, &str); 2] = [("shared_buffers", "256MB"), ("max_wal_size", "4GB")];

/// One store, and the server on it.
pub(super) struct Store {
    /// On which database.
    pub(super) server: Server,
    /// How many secrets were imported.
    pub(super) stored: u64,
    /// The server.
    pub(super) program: Program,
    /// Whose processor time counts.
    pub(super) meter: Meter,
    /// Its database on PostgreSQL.
    pub(super) url: Option<String>,
    data_dir: PathBuf,
}

/// All of them. Fields go in this order: servers before their databases, and folders last.
pub(super) struct Stores {
    /// Those of [`BenchArgs::stored`] on each database.
    pub(super) all: Vec<Store>,
    /// PostgreSQL, where it is measured.
    pub(super) postgres: Option<Postgres>,
    folder: TempDir,
}

/// A PostgreSQL server.
pub(super) struct Postgres {
    cluster: Cluster,
    /// Its first process.
    pub(super) first: u32,
}

impl Postgres {
    /// That commits are on the disk before they are acknowledged.
    ///
    /// # Errors
    /// When it is not installed, or a setting is another.
    fn start() -> anyhow::Result<Self> {
        let cluster = Cluster::start_with(&SETTINGS).context("without PostgreSQL: --databases sqlite")?;
        for name in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value = cluster.sql("postgres", &format!("SHOW {name}"))?;
            ensure!(value == "on", "PostgreSQL has {name} {value}");
        }
        Ok(Self { first: first_process(&cluster)?, cluster })
    }

    /// Makes a database, and gives its URL.
    ///
    /// # Errors
    /// When there is one of that name.
    pub(super) fn create(&self, name: &str) -> anyhow::Result<String> {
        self.cluster.create_database(name)?;
        Ok(url_of(self.cluster.address(), self.cluster.password(), name))
    }
}

impl Stores {
    /// Makes and fills them; gives what they take at rest too.
    ///
    /// # Errors
    /// When a program does not start or refuses.
    pub(super) fn make(binary: &Path, arguments: &BenchArgs) -> anyhow::Result<(Self, Vec<Footprint>)> {
        let folder = tempfile::Builder::new().prefix("keyholt-bench-").tempdir()?;
        let has = |database| arguments.databases.contains(&database);
        let postgres = if has(Database::Postgres) { Some(Postgres::start()?) } else { None };
        let mut stores = Self { all: Vec::new(), postgres, folder };
        let mut footprints = vec![stores.footprint_of_empty(binary)?];
        for stored in &arguments.stored {
            if has(Database::Sqlite) {
                let (store, footprint) = stores.add(binary, *stored, None)?;
                stores.all.push(store);
                footprints.push(footprint);
            }
            if let Some(postgres) = &stores.postgres {
                let url = postgres.create(&format!("stored_{stored}"))?;
                let (store, footprint) = stores.add(binary, *stored, Some(url))?;
                stores.all.push(store);
                footprints.push(footprint);
            }
        }
        Ok((stores, footprints))
    }

    /// Where they are: on the disk that is measured.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn footprint_of_empty(&self, binary: &Path) -> anyhow::Result<Footprint> {
        let data_dir = self.folder().join("empty");
        Program::keyholt(binary, &data_dir)?.stop()?;
        footprint::of(Server::Sqlite, 0, || Program::keyholt(binary, &data_dir))
    }

    fn add(&self, binary: &Path, stored: u64, url: Option<String>) -> anyhow::Result<(Store, Footprint)> {
        let server = if url.is_some() { Server::Postgres } else { Server::Sqlite };
        let data_dir = self.folder().join(format!("{}-{stored}", if url.is_some() { "node" } else { "store" }));
        if url.is_some() {
            // A first start on the embedded database makes the root key; nothing else of it is used.
            Program::keyholt(binary, &data_dir)?.stop()?;
        }
        let program = start(binary, &data_dir, url.as_deref())?;
        let begun = now();
        fill(program.address, stored)?;
        // The only one that serves the model that is resolved.
        let secret = json!({
            "name": "ANTHROPIC_API_KEY", "type": "anthropic", "secret": "sk-ant-0123456789abcdef0123456789abcdef",
        });
        ask(program.address, "PUT", "/v1/ai_secret", &secret)?;
        eprintln!("{}: {stored} secrets imported in {:.1} s", server.name(), begun.elapsed().as_secs_f64());
        program.stop()?;
        let footprint = footprint::of(server.clone(), stored, || start(binary, &data_dir, url.as_deref()))?;
        let program = start(binary, &data_dir, url.as_deref())?;
        let database = self.postgres.as_ref().filter(|_| url.is_some()).map(|postgres| postgres.first);
        let meter = Meter { server: Some(program.pid()), database };
        Ok((Store { server, stored, program, meter, url, data_dir }, footprint))
    }

    /// Ends all servers, and gives the folder of the smallest store of the embedded database.
    ///
    /// # Errors
    /// When one ends badly.
    pub(super) fn stop(self) -> anyhow::Result<Stopped> {
        let smallest = self.all.iter().filter(|store| store.server == Server::Sqlite);
        let smallest = smallest.min_by_key(|store| store.stored);
        let smallest = smallest.map(|store| (store.data_dir.clone(), store.stored));
        for store in self.all {
            store.program.stop()?;
        }
        Ok(Stopped { smallest, _folder: self.folder })
    }
}

/// What is left of stores whose servers have ended.
pub(super) struct Stopped {
    /// The data directory of the smallest one of the embedded database, and how many secrets were imported there.
    pub(super) smallest: Option<(PathBuf, u64)>,
    _folder: TempDir,
}

fn start(binary: &Path, data_dir: &Path, url: Option<&str>) -> anyhow::Result<Program> {
    match url {
        Some(url) => Program::keyholt_on_postgres(binary, data_dir, url),
        None => Program::keyholt(binary, data_dir),
    }
}
