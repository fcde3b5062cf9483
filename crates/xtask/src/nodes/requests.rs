//! What is asked of nodes, as bytes.

use std::io::Write;
use std::net::SocketAddr;

use crate::measure::{KEY, Requests, id_of, scattered};

/// How many secrets are stored at first.
pub(super) const STORED: u64 = 1_000;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// One secret, by its id.
    Get,
    /// A new secret with a value.
    Create,
}

impl Kind {
    /// Its name in tables.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get by id",
            Self::Create => "durable create",
        }
    }
}

/// The requests of one connection.
pub(super) struct Asked {
    kind: Kind,
    head: String,
    /// Tells its names from those of all others.
    lane: u64,
    number: u64,
}

impl Asked {
    /// The requests of the connection of this number in a measurement of that number.
    pub(super) fn new(kind: Kind, address: SocketAddr, measurement: u64, connection: u64) -> Self {
        let head = format!("Host: {address}\r\nAuthorization: Bearer {KEY}\r\n");
        Self { kind, head, lane: measurement << 32 | connection, number: 0 }
    }
}

impl Requests for Asked {
    fn write_next(&mut self, to: &mut Vec<u8>) {
        self.number += 1;
        let (head, number) = (&self.head, scattered(self.lane << 24 ^ self.number));
        // Writing to memory does not fail.
        let _written = match self.kind {
            Kind::Get => {
                write!(to, "GET /v1/ai_secret/{} HTTP/1.1\r\n{head}\r\n", id_of(number % STORED))
            }
            Kind::Create => {
                let body = format!(
                    r#"{{"name":"made-{}-{}","type":"openai","metadata":{{"supportsStreaming":true}},"secret":"sk-proj-{number:040x}"}}"#,
                    self.lane, self.number
                );
                write!(to, "POST /v1/ai_secret HTTP/1.1\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len())
            }
        };
    }
}
