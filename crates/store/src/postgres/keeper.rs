//! What this node knows of the others: how often it was changed who may do what, and how old that knowledge is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::problem;
use super::session::{Purpose, Server, Session};
use super::tls::{self, Connected};
use super::url::PostgresUrl;
use crate::Durability;

/// How often the database is asked, also when it says nothing.
const PAUSE: Duration = Duration::from_millis(250);
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How old what this node knows may be; beyond that it knows nothing (design/security.md A7).
const AGE: Duration = Duration::from_secs(1);
/// The database is away when it has not answered for so long.
const AWAY: Duration = Duration::from_secs(4);
/// The pause after an attempt to connect that failed.
const RECONNECT: Duration = Duration::from_millis(200);
/// A clock that is off by more is told of.
const CLOCK_SKEW_MICROS: i64 = 5_000_000;

/// What this node knows of identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    /// Another one whenever it was changed who may do what, and whenever another server is asked. Never one of before:
    /// a server that took over may lack changes, and come to the same number with others.
    pub(crate) epoch: i64,
    /// Whether that was asked recently enough to go by it.
    pub(crate) is_recent: bool,
}

/// What is known, as others read it.
pub(super) struct Known {
    began: Instant,
    epoch: AtomicI64,
    /// When the answer was asked for that this comes from, in microseconds since the beginning, plus one; 0 for never.
    asked_at: AtomicU64,
    /// Whether the connection over which it is asked stands.
    is_connected: AtomicBool,
    leads: AtomicBool,
    is_replicated: AtomicBool,
}

impl Known {
    pub(super) fn nothing() -> Self {
        Self {
            began: now(),
            epoch: AtomicI64::new(0),
            asked_at: AtomicU64::new(0),
            is_connected: AtomicBool::new(false),
            leads: AtomicBool::new(false),
            is_replicated: AtomicBool::new(false),
        }
    }

    pub(super) fn view(&self) -> View {
        // In this order: an epoch that is newer than its time does no harm.
        let is_recent = self.was_asked_within(AGE);
        View { epoch: self.epoch.load(Ordering::SeqCst), is_recent }
    }

    /// Whether the database answers: it did within the last second, and was not lost since.
    pub(super) fn answers(&self) -> bool {
        self.is_connected.load(Ordering::SeqCst) && self.was_asked_within(AGE)
    }

    /// Whether the database has not answered for longer than it takes to put another server in its place.
    pub(super) fn is_away(&self) -> bool {
        !self.was_asked_within(AWAY)
    }

    fn was_asked_within(&self, age: Duration) -> bool {
        let asked_at = self.asked_at.load(Ordering::SeqCst);
        let since = self.micros_since_beginning(now()).saturating_sub(asked_at);
        asked_at != 0 && u128::from(since) < age.as_micros()
    }

    pub(super) fn leads(&self) -> bool {
        self.leads.load(Ordering::SeqCst) && self.view().is_recent
    }

    pub(super) fn durability(&self) -> Durability {
        if self.is_replicated.load(Ordering::SeqCst) { Durability::Replicated } else { Durability::LocalOnly }
    }

    fn micros_since_beginning(&self, moment: Instant) -> u64 {
        u64::try_from(moment.duration_since(self.began).as_micros()).unwrap_or(u64::MAX).saturating_add(1)
    }

    fn learn(&self, asked: Instant, is_another: bool, server: &Server) {
        self.is_replicated.store(server.durability == Durability::Replicated, Ordering::SeqCst);
        if is_another {
            self.epoch.fetch_add(1, Ordering::SeqCst);
        }
        self.asked_at.store(self.micros_since_beginning(asked), Ordering::SeqCst);
        self.is_connected.store(true, Ordering::SeqCst);
    }
}

/// Watches over one connection after the other.
pub(super) struct Keeper {
    pub(super) url: Arc<PostgresUrl>,
    pub(super) known: Arc<Known>,
    /// Told which server is the one.
    pub(super) home: watch::Sender<Option<Box<str>>>,
    /// How often it was changed there who may do what, when it was last asked.
    pub(super) counted: AtomicI64,
}

impl Keeper {
    pub(super) async fn run(self) {
        let mut last_problem = String::new();
        loop {
            let problem = match tls::connect(&self.url).await {
                Ok(connected) => {
                    if !last_problem.is_empty() {
                        tracing::info!("the database is back");
                    }
                    self.watch(connected).await
                }
                Err(problem) => problem.to_string(),
            };
            self.known.is_connected.store(false, Ordering::SeqCst);
            self.known.leads.store(false, Ordering::SeqCst);
            if problem != last_problem {
                tracing::warn!(problem, "the database is away");
                last_problem = problem;
            }
            tokio::time::sleep(RECONNECT).await;
        }
    }

    /// Watches until the connection is lost; gives why.
    async fn watch(&self, Connected { client, driver }: Connected) -> String {
        let (session, changed) = (Session::new(client), Notify::new());
        let watching = async {
            let problem = self.ask_again_and_again(&session, &changed).await;
            session.break_off();
            problem
        };
        let ((), problem) =
            futures_util::future::join(session.drive(driver, || changed.notify_one()), watching).await;
        problem
    }

    async fn ask_again_and_again(&self, session: &Session, changed: &Notify) -> String {
        let set_up = async {
            session.set_up(Purpose::Keeping).await?;
            session.run("LISTEN keyholt_views").await
        };
        match timeout(PATIENCE, set_up).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return problem::describe(&error),
            Err(_) => return "it did not answer in time".to_owned(),
        }
        let mut is_first = true;
        loop {
            let asked = now();
            match timeout(PATIENCE, self.ask(session, asked)).await {
                Ok(Ok(server)) => {
                    if std::mem::take(&mut is_first) {
                        tell_of_clock(&server);
                    }
                }
                Ok(Err(error)) => return problem::describe(&error),
                Err(_) => return "it did not answer in time".to_owned(),
            }
            tokio::select! {
                () = changed.notified() => {}
                () = tokio::time::sleep(PAUSE) => {}
                () = session.ended() => return "the connection was closed".to_owned(),
            }
        }
    }

    async fn ask(&self, session: &Session, asked: Instant) -> Result<Server, tokio_postgres::Error> {
        // A standby, which this server may have become, knows only what was.
        let epoch =
            session.number("SELECT sum(epoch)::bigint FROM epochs WHERE NOT pg_is_in_recovery()").await?;
        let server = session.server().await?;
        let Some(epoch) = epoch else {
            session.break_off();
            return Ok(server);
        };
        let home = Some(server.identity.clone());
        self.home.send_if_modified(|known| {
            // Whoever asks which server is home waits for the end of this: what is read in the new view is never read from
            // the former server, and whoever is told of the server finds its view.
            let is_another_home = std::mem::replace(known, home.clone()) != home;
            let is_another = self.counted.swap(epoch, Ordering::SeqCst) != epoch || is_another_home;
            self.known.learn(asked, is_another, &server);
            is_another_home
        });
        if !self.known.leads.load(Ordering::SeqCst) {
            // Held until this connection ends.
            let leads = "SELECT pg_try_advisory_lock(1801812335, hashtext(current_schema()))::int::bigint";
            self.known.leads.store(session.number(leads).await? == Some(1), Ordering::SeqCst);
        }
        Ok(server)
    }
}

/// Expiry goes by each node's own clock.
fn tell_of_clock(server: &Server) {
    let ours = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_micros());
    let off = i64::try_from(ours).unwrap_or(i64::MAX).saturating_sub(server.now);
    if off.abs() > CLOCK_SKEW_MICROS {
        let seconds = off / 1_000_000;
        tracing::warn!(
            seconds,
            "this machine's clock and the database's are apart: secrets expire at other times"
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "how old a view is must not depend on a clock that steps")]
fn now() -> Instant {
    Instant::now()
}
