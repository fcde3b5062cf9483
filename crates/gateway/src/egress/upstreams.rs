//! Requests to upstreams, on connections that each organisation has for itself.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper_util::client::legacy;
use hyper_util::rt::TokioTimer;
use keyholt_types::Clock;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use url::Url;

use super::connect::{ConnectError, Connector};
use super::place::{EgressRefused, Place, Scheme};
use super::policy::Permit;
use super::resolve::Resolve;
use super::tls::Trust;
use crate::timeouts::Timeouts;

/// Clients that are kept, of all organisations together.
const CLIENTS: usize = 256;
/// How long a client, and a connection, is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(60);
/// Connections that one client keeps for its next requests.
const IDLE_CONNECTIONS: usize = 8;
/// Most bytes of an answer's head.
const HEAD_BYTES: usize = 64 * 1024;
/// Most headers of an answer.
const HEADERS: usize = 100;

/// What a request brings with it.
pub type RequestBody = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum UpstreamError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The time for the head of an answer is over.
    #[error("the upstream did not answer in time")]
    TimedOut,
    /// The connection ended, or what came was no answer in HTTP.
    #[error("the upstream gave no valid answer")]
    NoAnswer,
    /// The request's own body broke off: its sender is gone.
    #[error("the request's body ended early")]
    RequestBody,
    /// The request is for another place than its permit, or one that would turn the connection into something else.
    #[error("the request cannot be sent there")]
    NotSendable,
}

impl UpstreamError {
    /// Whether the upstream, and neither the request nor our own rules, is to blame; the circuit breaker counts these.
    #[must_use]
    pub const fn is_upstreams_fault(&self) -> bool {
        match self {
            Self::Connect(error) => match error {
                ConnectError::Refused(_) | ConnectError::NoRoots => false,
                ConnectError::Unresolved(_)
                | ConnectError::Unreachable(_)
                | ConnectError::TimedOut
                | ConnectError::Certificate(_)
                | ConnectError::Handshake(_) => true,
            },
            Self::TimedOut | Self::NoAnswer => true,
            Self::RequestBody | Self::NotSendable => false,
        }
    }
}

/// All clients.
pub struct Upstreams {
    resolver: Arc<dyn Resolve>,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    timeouts: Timeouts,
    trust: Trust,
    clients: Mutex<HashMap<Key, Kept>>,
}

/// Whose connections, and to where: never shared between organisations (design/security.md C).
#[derive(PartialEq, Eq, Hash)]
struct Key {
    org: [u8; 16],
    place: Place,
}

struct Kept {
    client: UpstreamClient,
    used: Duration,
}

impl Upstreams {
    /// Reads the system's certificates of authorities. Connections live in tasks of `tasks`; they end with
    /// [`close`](Self::close) and the answers in flight.
    #[must_use]
    pub fn new(
        resolver: Arc<dyn Resolve>,
        clock: Arc<dyn Clock>,
        tasks: TaskTracker,
        timeouts: Timeouts,
    ) -> Self {
        Self { resolver, clock, tasks, timeouts, trust: Trust::of_system(), clients: Mutex::default() }
    }

    /// Whether the system has certificates of authorities; without them only entries with their own can be reached
    /// over https.
    #[must_use]
    pub const fn has_roots(&self) -> bool {
        self.trust.has_roots()
    }

    /// The client of an organisation for one place. What its permit opens is settled when the first one is made: after
    /// a change of the policy, [`close`](Self::close).
    #[must_use]
    pub fn client(&self, org: [u8; 16], permit: &Permit) -> UpstreamClient {
        let now = self.clock.ticks();
        let key = Key { org, place: permit.place().clone() };
        let mut clients = self.clients();
        if let Some(kept) = clients.get_mut(&key) {
            kept.used = now;
            return kept.client.clone();
        }
        make_room(&mut clients, now);
        let client = self.new_client(permit);
        clients.insert(key, Kept { client: client.clone(), used: now });
        client
    }

    /// Lets go of all clients: connections without a request end at once, the others with their answers.
    pub fn close(&self) {
        self.clients().clear();
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<Key, Kept>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new_client(&self, permit: &Permit) -> UpstreamClient {
        let tls = match permit.place().scheme {
            Scheme::Http => None,
            Scheme::Https => self.trust.client(permit.ca()),
        };
        let resolver = Arc::clone(&self.resolver);
        let connector = Connector::new(permit.clone(), resolver, tls, self.timeouts.connect);
        let pool = legacy::Client::builder(Tracked(self.tasks.clone()))
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_buf_size(HEAD_BYTES)
            .http1_max_headers(HEADERS)
            .build(connector);
        let place = permit.place().clone();
        let authority = authority_of(&place).into();
        UpstreamClient { place, authority, pool, first_byte: self.timeouts.first_byte }
    }
}

/// Ends what nobody has used for a while, and then the one that was used longest ago, until one more may come.
fn make_room(clients: &mut HashMap<Key, Kept>, now: Duration) {
    clients.retain(|_, kept| now.saturating_sub(kept.used) < IDLE);
    while clients.len() >= CLIENTS {
        let Some(oldest) = clients.values().map(|kept| kept.used).min() else { return };
        let mut is_first = true;
        clients.retain(|_, kept| kept.used != oldest || !std::mem::take(&mut is_first));
    }
}

/// Sends requests of one organisation to one place.
#[derive(Clone)]
pub struct UpstreamClient {
    place: Place,
    /// The place's authority as it stands in nearly all of its URLs.
    authority: Arc<str>,
    pool: legacy::Client<Connector, RequestBody>,
    first_byte: Duration,
}

impl UpstreamClient {
    /// Sends a request and waits for the head of its answer; a redirect is an answer like others. Dropping what this
    /// gives, or its answer's body, ends the connection and with it the request.
    ///
    /// The request is sent as HTTP/1.1 with `Host` from its URI. It is sent once: hyper repeats one only when
    /// a kept connection turns out to be closed before a byte of it was written.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(&self, mut request: Request<RequestBody>) -> Result<Response<Incoming>, UpstreamError> {
        if request.method() == Method::CONNECT || !self.is_for(request.uri()) {
            return Err(UpstreamError::NotSendable);
        }
        *request.version_mut() = Version::HTTP_11;
        // What another connection left there is nothing for this one.
        *request.extensions_mut() = Extensions::new();
        let answer = timeout(self.first_byte, self.pool.request(request)).await;
        let mut answer = answer.map_err(|_| UpstreamError::TimedOut)?.map_err(|error| reason(&error))?;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            // Nobody asked for it.
            return Err(UpstreamError::NoAnswer);
        }
        // The reason phrase is in there, which a server would pass on as it came.
        *answer.extensions_mut() = Extensions::new();
        Ok(answer)
    }

    fn is_for(&self, uri: &Uri) -> bool {
        let is_same_text = uri.scheme_str() == Some(self.place.scheme.word())
            && uri.authority().is_some_and(|authority| authority.as_str() == &*self.authority);
        if is_same_text {
            return true;
        }
        let place =
            Url::parse(&uri.to_string()).map_err(|_| EgressRefused::BadName).and_then(|url| Place::of(&url));
        place.as_ref() == Ok(&self.place)
    }
}

/// As the WHATWG rules write it: without the port that the scheme has anyway.
fn authority_of(place: &Place) -> String {
    let Place { scheme, host, port } = place;
    match (scheme, port) {
        (Scheme::Http, 80) | (Scheme::Https, 443) => host.to_string(),
        (Scheme::Http | Scheme::Https, _) => format!("{host}:{port}"),
    }
}

fn reason(error: &legacy::Error) -> UpstreamError {
    let mut next = error.source();
    let mut is_users = false;
    while let Some(cause) = next {
        if let Some(connect) = cause.downcast_ref::<ConnectError>() {
            return UpstreamError::Connect(connect.clone());
        }
        is_users |= cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_user);
        next = cause.source();
    }
    if is_users { UpstreamError::RequestBody } else { UpstreamError::NoAnswer }
}

/// hyper's own tasks, which shutdown waits for.
#[derive(Clone)]
struct Tracked(TaskTracker);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tracked {
    fn execute(&self, future: F) {
        drop(self.0.spawn(future));
    }
}

#[cfg(test)]
mod tests {
    use keyholt_types::{TestClock, Timestamp};

    use super::*;
    use crate::egress::{EgressPolicy, SystemResolver};

    #[test]
    fn a_places_authority_is_the_one_in_its_urls() {
        for url in [
            "https://api.example.com/v1",
            "https://api.example.com:8443/v1",
            "https://api.example.com:80",
            "http://api.example.com:80",
            "http://api.example.com:443",
            "http://0x7f.1:11434",
            "http://[0:0::1]:80",
        ] {
            let url = Url::parse(url).unwrap();
            let uri: Uri = url.as_str().parse().unwrap();
            let place = Place::of(&url).unwrap();
            assert_eq!(authority_of(&place), uri.authority().unwrap().as_str(), "{url}");
            // And it leads there and nowhere else.
            let again = Url::parse(&format!("{}://{}", place.scheme.word(), authority_of(&place))).unwrap();
            assert_eq!(Place::of(&again), Ok(place), "{url}");
        }
    }

    #[test]
    fn no_more_clients_are_kept_than_there_is_room_for_and_none_that_is_idle() {
        let clock = Arc::new(TestClock::at(Timestamp::from_micros(0)));
        let (resolver, given) = (Arc::new(SystemResolver), Arc::clone(&clock) as Arc<dyn Clock>);
        let upstreams = Upstreams::new(resolver, given, TaskTracker::new(), Timeouts::default());
        let permit = |number: usize| {
            let url = Url::parse(&format!("https://a{number}.example")).unwrap();
            EgressPolicy::default().check_url(&url).unwrap()
        };
        let has = |number: usize| {
            let key = Key { org: [0; 16], place: permit(number).place().clone() };
            upstreams.clients().contains_key(&key)
        };
        for number in 0..CLIENTS + 9 {
            let _client = upstreams.client([0; 16], &permit(number));
            // The first one is used all the time.
            let _client = upstreams.client([0; 16], &permit(0));
            clock.advance_micros(1);
        }
        assert_eq!(upstreams.clients().len(), CLIENTS);
        assert!(has(0) && !has(1) && !has(9) && has(10) && has(CLIENTS + 8));
        clock.advance_seconds(60);
        let _client = upstreams.client([1; 16], &permit(0));
        assert_eq!(upstreams.clients().len(), 1);
    }
}
