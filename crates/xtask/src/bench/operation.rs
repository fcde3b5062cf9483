//! What is asked for, as bytes.

use std::borrow::Cow;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::measure::{KEY, Requests, id_of, scattered};

/// A model that one of the stored secrets serves.
pub(super) const MODEL: &str = "claude-sonnet-4-5";

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// One secret, by its id.
    Get,
    /// Fifty secrets from a place in the middle, with metadata and previews.
    List,
    /// The value that serves [`MODEL`].
    Resolve,
    /// A new value for a secret.
    Update,
    /// A new secret with a value.
    Create,
    /// A chat completion.
    Chat,
    /// A streamed chat completion.
    Stream,
}

impl Kind {
    /// Its name in tables.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get by id",
            Self::List => "list of 50",
            Self::Resolve => "resolve",
            Self::Update => "update",
            Self::Create => "durable create",
            Self::Chat => "gateway chat",
            Self::Stream => "gateway stream",
        }
    }
}

/// The wire that a server speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wire {
    /// wire/braintrust.md.
    Braintrust,
    /// wire/together.md.
    Together,
}

impl Wire {
    /// Whether it has this operation.
    pub(super) const fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Get | Kind::Update | Kind::Create => true,
            // Together's list has no pages, and no route of it gives a value.
            Kind::List | Kind::Resolve => matches!(self, Self::Braintrust),
            Kind::Chat | Kind::Stream => false,
        }
    }
}

/// The ids of what is stored, oldest first.
#[derive(Clone)]
pub(super) enum Ids {
    /// So many that were imported.
    Imported(u64),
    /// Those that a server has given.
    Given(Arc<[String]>),
}

impl Ids {
    /// How many.
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Imported(count) => *count,
            Self::Given(ids) => ids.len() as u64,
        }
    }

    fn at(&self, place: u64) -> Cow<'_, str> {
        match self {
            Self::Imported(_) => id_of(place).into(),
            Self::Given(ids) => {
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                ids.get(place).map_or("", String::as_str).into()
            }
        }
    }
}

/// A server that is asked, and with which key.
#[derive(Clone)]
pub(super) struct Door {
    /// The server.
    pub(super) address: SocketAddr,
    /// What it speaks.
    pub(super) wire: Wire,
    /// What it stores.
    pub(super) ids: Ids,
    key: Arc<str>,
}

impl Door {
    /// Of a store that was made here.
    pub(super) fn ours(address: SocketAddr, stored: u64) -> Self {
        Self { address, wire: Wire::Braintrust, ids: Ids::Imported(stored), key: KEY.into() }
    }

    /// Of a peer.
    pub(super) fn of_peer(address: SocketAddr, wire: Wire, ids: Arc<[String]>, key: Arc<str>) -> Self {
        Self { address, wire, ids: Ids::Given(ids), key }
    }

    /// The requests of one connection of a measurement, each other than the last.
    pub(super) fn requests(&self, kind: Kind, run: u64, connection: u64) -> Asked {
        let host = format!("Host: {}\r\nAuthorization: Bearer {}\r\n", self.address, self.key);
        Asked { kind, wire: self.wire, ids: self.ids.clone(), host, run, connection, number: 0 }
    }
}

/// The requests of one connection.
pub(super) struct Asked {
    kind: Kind,
    wire: Wire,
    ids: Ids,
    host: String,
    /// Tells the names of one measurement from those of another.
    run: u64,
    connection: u64,
    number: u64,
}

impl Requests for Asked {
    fn write_next(&mut self, to: &mut Vec<u8>) {
        self.number += 1;
        let random = scattered(self.run << 48 ^ self.connection << 36 ^ self.number);
        let count = self.ids.count().max(1);
        let path = match self.wire {
            Wire::Braintrust => "/v1/ai_secret",
            Wire::Together => "/v1/deployments/secrets",
        };
        let value = match self.wire {
            Wire::Braintrust => "secret",
            Wire::Together => "value",
        };
        match self.kind {
            Kind::Get => self.write(to, "GET", &format!("{path}/{}", self.ids.at(random % count)), ""),
            Kind::List => {
                let after = self.ids.at(50 + random % count.saturating_sub(50).max(1));
                self.write(to, "GET", &format!("{path}?limit=50&starting_after={after}"), "");
            }
            Kind::Resolve => {
                self.write(to, "POST", "/api/secret", &format!(r#"{{"model":"{MODEL}","mode":"full"}}"#));
            }
            Kind::Update => {
                let body = format!(r#"{{"{value}":"sk-proj-{random:040x}"}}"#);
                self.write(to, "PATCH", &format!("{path}/{}", self.ids.at(random % count)), &body);
            }
            Kind::Create => {
                let name = format!("made-{}-{}-{}", self.run, self.connection, self.number);
                let more = match self.wire {
                    Wire::Braintrust => r#","type":"openai","metadata":{"supportsStreaming":true}"#,
                    Wire::Together => "",
                };
                let body = format!(r#"{{"name":"{name}"{more},"{value}":"sk-proj-{random:040x}"}}"#);
                self.write(to, "POST", path, &body);
            }
            // Those are the gateway's own requests.
            Kind::Chat | Kind::Stream => {}
        }
    }
}

impl Asked {
    fn write(&self, to: &mut Vec<u8>, method: &str, path: &str, body: &str) {
        let host = &self.host;
        // Writing to memory does not fail.
        let _written = if body.is_empty() {
            write!(to, "{method} {path} HTTP/1.1\r\n{host}\r\n")
        } else {
            write!(to, "{method} {path} HTTP/1.1\r\n{host}Content-Length: {}\r\n\r\n{body}", body.len())
        };
    }
}

/// The ceiling's requests: all alike.
pub(super) struct Bare {
    request: String,
}

impl Bare {
    /// Of one connection; as long as those for one secret.
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            request: format!("GET /ceiling HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {KEY}\r\n\r\n"),
        }
    }
}

impl Requests for Bare {
    fn write_next(&mut self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.request.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(wire: Wire, kind: Kind, run: u64, connection: u64, count: usize) -> Vec<String> {
        let ids: Arc<[String]> = (0..60).map(|place| format!("id-{place}")).collect();
        let door = Door::of_peer(([127, 0, 0, 1], 1).into(), wire, ids, "a".into());
        let mut asked = door.requests(kind, run, connection);
        let next = |_| {
            let mut bytes = Vec::new();
            asked.write_next(&mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn no_two_creates_have_the_same_name() {
        let mut all = Vec::new();
        for (run, connection) in [(1, 0), (1, 1), (2, 0), (2, 1)] {
            all.extend(written(Wire::Together, Kind::Create, run, connection, 50));
        }
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 200);
    }

    #[test]
    fn a_page_has_fifty_before_it() {
        for request in written(Wire::Braintrust, Kind::List, 1, 0, 50) {
            let (_, rest) = request.split_once("starting_after=id-").unwrap();
            let place: u64 = rest.split(' ').next().unwrap().parse().unwrap();
            assert!((50..60).contains(&place), "{request}");
        }
    }

    #[test]
    fn each_wire_is_asked_in_its_own_words() {
        let first = |wire, kind| written(wire, kind, 1, 0, 1).remove(0);
        assert!(first(Wire::Together, Kind::Get).starts_with("GET /v1/deployments/secrets/id-"));
        assert!(first(Wire::Together, Kind::Update).contains(r#"{"value":"#));
        assert!(first(Wire::Braintrust, Kind::Update).starts_with("PATCH /v1/ai_secret/id-"));
        assert!(!Wire::Together.has(Kind::Resolve) && Wire::Braintrust.has(Kind::Resolve));
    }
}
