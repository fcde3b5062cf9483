//! Connecting to whichever host is the primary, and driving the connection.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, poll_fn};
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_postgres::{AsyncMessage, CancelToken, Client, Connection, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::ConnectProblem;
use super::connector::connector;
use crate::postgres::url::{Host, PostgresUrl};

/// How long the hosts before have for themselves before the next one is asked as well: a server that hangs does not
/// hold up the way to the one that took its place.
const HEAD_START: Duration = Duration::from_millis(500);

/// Must be polled for anything to move; gives what the server says unasked. Ends with the connection.
pub(in crate::postgres) type Driver = Pin<Box<dyn Stream<Item = Result<AsyncMessage, Error>> + Send>>;

/// A connection and what drives it.
pub(in crate::postgres) struct Connected {
    /// Takes statements.
    pub(in crate::postgres) client: Client,
    /// Moves them.
    pub(in crate::postgres) driver: Driver,
}

/// Connects to the first host that is ready and can be written. Each host has the URL's `connect_timeout`; of several
/// the next one is asked when those before have failed, or after half a second.
///
/// # Errors
/// When there is none; the problem is that of the host which was come closest to.
pub(in crate::postgres) async fn connect(url: &PostgresUrl) -> Result<Connected, ConnectProblem> {
    let tls = url.uses_tls().then(|| connector(url)).transpose()?;
    let mut waiting = url.hosts().iter();
    let mut asked = FuturesUnordered::new();
    let mut worst = None::<ConnectProblem>;
    loop {
        if let Some(host) = waiting.next() {
            asked.push(ask(url, host, tls.clone()));
        } else if asked.is_empty() {
            let none = || ConnectProblem::Unreachable { at: url.shown_hosts(), problem: "no host".to_owned() };
            return Err(worst.unwrap_or_else(none));
        }
        let answer = match waiting.len() {
            0 => asked.next().await,
            _ => timeout(HEAD_START, asked.next()).await.ok().flatten(),
        };
        match answer {
            Some(Ok(connected)) => return Ok(connected),
            Some(Err(problem)) => {
                worst = Some(match worst {
                    Some(before) => before.or_more_telling(problem),
                    None => problem,
                });
            }
            None => {}
        }
    }
}

/// Asks the server to give up what a client waits for, over TLS as that client is. It says nothing about whether it
/// did.
///
/// # Errors
/// When the server cannot be asked.
pub(in crate::postgres) async fn cancel(url: &PostgresUrl, token: &CancelToken) -> Result<(), ConnectProblem> {
    let asking = async {
        match url.uses_tls().then(|| connector(url)).transpose()? {
            Some(tls) => token.cancel_query(tls).await,
            None => token.cancel_query(NoTls).await,
        }
        .map_err(|error| ConnectProblem::of(url, url.shown_hosts(), &error))
    };
    let limit = url.connect_timeout();
    timeout(limit, asking).await.unwrap_or_else(|_| Err(no_answer(url.shown_hosts(), limit)))
}

async fn ask(
    url: &PostgresUrl,
    host: &Host,
    tls: Option<MakeRustlsConnect>,
) -> Result<Connected, ConnectProblem> {
    let config = url.config(host);
    let connecting = async {
        match tls {
            Some(tls) => config.connect(tls).await.map(driven),
            None => config.connect(NoTls).await.map(driven),
        }
    };
    // Also over the name's look-up and all handshakes, which the driver would wait for without end.
    let limit = url.connect_timeout();
    match timeout(limit, connecting).await {
        Ok(connected) => connected.map_err(|error| ConnectProblem::of(url, host.to_string(), &error)),
        Err(_) => Err(no_answer(host.to_string(), limit)),
    }
}

fn no_answer(at: String, limit: Duration) -> ConnectProblem {
    ConnectProblem::Unreachable { at, problem: format!("no answer within {} s", limit.as_secs()) }
}

fn driven<S, T>((client, mut connection): (Client, Connection<S, T>)) -> Connected
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut has_ended = false;
    // The driver's connection must not be polled again after its end or an error.
    let driver = poll_fn(move |context| {
        if has_ended {
            return Poll::Ready(None);
        }
        let polled = connection.poll_message(context);
        has_ended = matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    });
    Connected { client, driver: Box::pin(driver) }
}
