//! An open database: its connections, and the tasks that keep them.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::keeper::{Keeper, Known, View};
use super::lanes::Lanes;
use super::line::Line;
use super::readers::Readers;
use super::session::{Purpose, Session};
use super::shortage::Shortage;
use super::tls::{self, Connected};
use super::url::PostgresUrl;
use super::{migrate, problem};
use crate::changes::{Audited, ChainStart};
use crate::param::{Param, Row};
use crate::{CommitError, Durability, OpenError, StoreError};

/// How long opening may take, migrations aside.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long others may take to bring the schema up to date.
const MIGRATION_PATIENCE: Duration = Duration::from_secs(120);
/// The oldest version that is known to work, as `server_version_num` writes it.
const OLDEST: i64 = 130_000;

/// How a database is used.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Where it is, and who uses it.
    pub url: PostgresUrl,
    /// How many connections, at most, are opened to it; 4 at least.
    pub connections: usize,
    /// Whether it is only read: its schema is left as it is, and nothing can be committed.
    pub for_reading: bool,
}

/// An open PostgreSQL database.
pub(crate) struct Postgres {
    readers: Readers,
    lanes: Option<Lanes>,
    known: Arc<Known>,
    /// Ended when it is dropped.
    _tasks: JoinSet<()>,
}

impl Postgres {
    pub(crate) async fn connect(options: &PostgresOptions) -> Result<Self, OpenError> {
        let url = Arc::new(options.url.clone());
        prepare(&url, options.for_reading).await?;
        let (home, at_home) = watch::channel(None);
        let mut tasks = JoinSet::new();
        let known = Arc::new(Known::nothing());
        let keeper =
            Keeper { url: Arc::clone(&url), known: Arc::clone(&known), home, counted: AtomicI64::new(0) };
        tasks.spawn(keeper.run());
        let shortage = Shortage::beside(Arc::clone(&known));
        let mut lines = |purpose, count: usize| -> Vec<Line> {
            let keep = |_| Line::keep(&mut tasks, Arc::clone(&url), purpose, at_home.clone(), &shortage);
            (0..count).map(keep).collect()
        };
        // One is the keeper's. Reads share theirs, changes do not.
        let rest = options.connections.saturating_sub(1).max(3);
        let reading = if options.for_reading { rest.min(2) } else { (rest / 4).clamp(1, 4) };
        let readers = Readers::new(lines(Purpose::Reading, reading), Arc::clone(&known));
        let writing = if options.for_reading { Vec::new() } else { lines(Purpose::Writing, rest - reading) };
        let lanes = (!writing.is_empty()).then(|| Lanes::start(&mut tasks, &url, writing));
        let mut home = at_home;
        // Without a first answer nothing is known; it comes as soon as the database was reached before. Not so where
        // there may be no schema, which a reader leaves as it is.
        if !options.for_reading {
            let _ = timeout(PATIENCE, home.wait_for(Option::is_some)).await;
        }
        Ok(Self { readers, lanes, known, _tasks: tasks })
    }

    pub(crate) fn begin_chains(&self, start: ChainStart) {
        if let Some(lanes) = &self.lanes {
            lanes.begin_chains(start);
        }
    }

    pub(crate) async fn commit(&self, change: Audited) -> Result<(), CommitError> {
        match &self.lanes {
            Some(lanes) => lanes.commit(change).await,
            None => Err(CommitError::Unavailable("opened for reading".into())),
        }
    }

    /// What is known of identities.
    pub(crate) fn view(&self) -> View {
        self.known.view()
    }

    /// Whether the database answers.
    pub(crate) fn answers(&self) -> bool {
        self.known.answers()
    }

    /// Whether this node is the one that does what one node does for all.
    pub(crate) fn leads(&self) -> bool {
        self.known.leads()
    }

    pub(crate) fn durability(&self) -> Durability {
        self.known.durability()
    }

    /// Reads rows, up to the first after which it does not go on.
    pub(crate) async fn fetch<T>(
        &self,
        sql: &'static str,
        params: &[Param],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
        goes_on: impl FnMut(&T) -> bool,
    ) -> Result<Vec<T>, StoreError> {
        self.readers.fetch(sql, params, read, goes_on).await
    }
}

/// Reaches the database for the first time: checks what it is and brings its schema up to date.
pub(super) async fn prepare(url: &PostgresUrl, for_reading: bool) -> Result<(), OpenError> {
    let Connected { client, driver } =
        tls::connect(url).await.map_err(|problem| OpenError::Database { problem: problem.to_string() })?;
    let session = Session::new(client);
    let preparing = async {
        let checked = timeout(PATIENCE, check_server(&session)).await;
        checked.unwrap_or_else(|_| Err(too_slow()))?;
        let prepared = async {
            if for_reading {
                migrate::check_version(&session).await.map(drop)
            } else {
                migrate::migrate(&session).await
            }
        };
        timeout(MIGRATION_PATIENCE, prepared).await.unwrap_or_else(|_| Err(too_slow()))
    };
    tokio::select! {
        prepared = preparing => prepared,
        () = session.drive(driver, || {}) => {
            Err(OpenError::Database { problem: "the connection was closed".to_owned() })
        }
    }
}

fn too_slow() -> OpenError {
    OpenError::Database { problem: "it did not answer in time".to_owned() }
}

async fn check_server(session: &Session) -> Result<(), OpenError> {
    let said = |error: tokio_postgres::Error| OpenError::Database { problem: problem::describe(&error) };
    session.set_up(Purpose::Keeping).await.map_err(said)?;
    let refuse = |problem: String| Err(OpenError::Database { problem });
    let version = session.number("SELECT current_setting('server_version_num')::bigint").await.map_err(said)?;
    if version.is_none_or(|version| version < OLDEST) {
        return refuse("it is older than PostgreSQL 13".to_owned());
    }
    if session.text("SHOW server_encoding").await.map_err(said)? != "UTF8" {
        return refuse("its encoding is not UTF8: make a database with ENCODING 'UTF8'".to_owned());
    }
    for setting in ["fsync", "full_page_writes"] {
        let value = session.text(&format!("SHOW {setting}")).await.map_err(said)?;
        if value != "on" {
            return refuse(format!(
                "its {setting} is {value}, so that a crash loses what was acknowledged: turn it on"
            ));
        }
    }
    Ok(())
}
