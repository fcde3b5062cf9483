//! A connection that is kept: when it is lost, it is made again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::problem;
use super::session::{Purpose, Session};
use super::shortage::{Lack, Shortage};
use super::tls::{self, Connected};
use super::url::PostgresUrl;

/// The pause after the first attempt that failed; each one after that waits twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long a new connection may take to be set up.
const SET_UP: Duration = Duration::from_secs(5);

/// What a commit waits for stays as it was when the connection was made: a server whose setting is reloaded would else
/// turn running sessions down to waiting for nobody, while the store still calls its changes replicated.
const KEEP_COMMITS: &str =
    "SELECT set_config('synchronous_commit', current_setting('synchronous_commit'), false)";

/// The identity of the server that this node uses; none until it is known.
pub(super) type Home = watch::Receiver<Option<Box<str>>>;

/// A connection that is kept.
#[derive(Clone)]
pub(super) struct Line {
    current: watch::Receiver<Option<Arc<Session>>>,
    home: Home,
}

impl Line {
    /// Keeps a connection to the server that is home, for as long as the task lives.
    pub(super) fn keep(
        tasks: &mut JoinSet<()>,
        url: Arc<PostgresUrl>,
        purpose: Purpose,
        home: Home,
        shortage: &Arc<Shortage>,
    ) -> Self {
        let mut lack = Lack::of(shortage);
        let (sender, current) = watch::channel(None);
        let line = Self { current, home: home.clone() };
        tasks.spawn(async move {
            let mut pause = FIRST_PAUSE;
            loop {
                match hold(&url, purpose, home.clone(), &sender, &mut lack).await {
                    Ok(true) => pause = FIRST_PAUSE,
                    Ok(false) => {}
                    Err(problem) => lack.failed(&problem),
                }
                tokio::time::sleep(pause).await;
                pause = LONGEST_PAUSE.min(pause * 2);
            }
        });
        line
    }

    /// Whether a connection may be used: it has not ended, and leads to the server that is home at this moment. That is
    /// asked here too, since whoever keeps it may not have been told yet.
    fn serves(&self, session: &Session) -> bool {
        !session.has_ended() && self.home.borrow().as_ref().is_none_or(|home| session.is_of(home))
    }

    /// The connection, if there is one now.
    pub(super) fn now(&self) -> Option<Arc<Session>> {
        self.current.borrow().clone().filter(|session| self.serves(session))
    }

    /// The connection, when there is one.
    pub(super) async fn session(&self) -> Arc<Session> {
        let (mut line, mut home) = (self.current.clone(), self.home.clone());
        loop {
            // Before the look: what changes after it is waited for.
            home.mark_unchanged();
            let current = line.borrow_and_update().clone();
            if let Some(session) = current.filter(|session| self.serves(session)) {
                return session;
            }
            tokio::select! {
                changed = line.changed() => if changed.is_err() {
                    // The task that keeps it has ended with the store.
                    std::future::pending::<()>().await;
                },
                Ok(()) = home.changed() => {}
            }
        }
    }
}

/// Holds one connection until it is lost. Whether there was one.
///
/// # Errors
/// Why it could not be made.
async fn hold(
    url: &PostgresUrl,
    purpose: Purpose,
    mut home: Home,
    current: &watch::Sender<Option<Arc<Session>>>,
    lack: &mut Lack,
) -> Result<bool, String> {
    let Connected { client, driver } = tls::connect(url).await.map_err(|problem| problem.to_string())?;
    let session = Arc::new(Session::new(client));
    let stays = async {
        let set_up = async {
            session.set_up(purpose).await?;
            if purpose == Purpose::Writing {
                session.run(KEEP_COMMITS).await?;
            }
            session.server().await
        };
        let server = match tokio::time::timeout(SET_UP, set_up).await {
            Ok(server) => server.map_err(|error| problem::describe(&error))?,
            Err(_) => return Err("it did not answer in time".to_owned()),
        };
        let is_home = |home: &Option<Box<str>>| home.as_ref().is_none_or(|home| *home == server.identity);
        if !is_home(&home.borrow_and_update()) {
            return Ok(false);
        }
        lack.made();
        session.know(&server.identity);
        current.send_replace(Some(Arc::clone(&session)));
        // Whoever goes on with a server that is no longer the one may be told what is no longer true.
        let _ = home.wait_for(|home| !is_home(home)).await;
        Ok(true)
    };
    let held = async {
        let held = stays.await;
        session.break_off();
        held
    };
    let ((), held) = futures_util::future::join(session.drive(driver, || {}), async {
        tokio::select! {
            held = held => held,
            () = session.ended() => Ok(current.borrow().is_some()),
        }
    })
    .await;
    current.send_replace(None);
    held
}
