//! What is asked for, as bytes.

use std::io::Write;
use std::net::SocketAddr;

use crate::measure::{KEY, Requests, id_of, scattered};

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The fixed answer of the ceiling.
    Ceiling,
    /// One secret, by its id.
    Find,
    /// Fifty secrets from a place in the middle, with metadata and previews.
    List,
    /// A new secret with a value.
    Create,
}

impl Kind {
    /// Its name in tables.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ceiling => "ceiling",
            Self::Find => "get by id",
            Self::List => "list of 50",
            Self::Create => "durable create",
        }
    }
}

/// What is asked of one server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    /// What.
    pub(super) kind: Kind,
    /// The server, for the `Host` header.
    pub(super) address: SocketAddr,
    /// How many secrets were stored when it began.
    pub(super) stored: u64,
    /// Tells the names of one measurement from those of another.
    pub(super) run: u64,
}

impl Operation {
    /// The requests of one connection, each other than the last.
    pub(super) fn requests(&self, connection: u64) -> OperationRequests {
        let host = format!("Host: {}\r\nAuthorization: Bearer {KEY}\r\n", self.address);
        OperationRequests { operation: *self, connection, host, number: 0 }
    }
}

/// The requests of one connection.
pub(super) struct OperationRequests {
    operation: Operation,
    connection: u64,
    host: String,
    number: u64,
}

impl Requests for OperationRequests {
    fn write_next(&mut self, to: &mut Vec<u8>) {
        self.number += 1;
        let (host, stored) = (&self.host, self.operation.stored.max(1));
        // Writing to memory does not fail.
        let _written = match self.operation.kind {
            Kind::Ceiling => write!(to, "GET /ceiling HTTP/1.1\r\n{host}\r\n"),
            Kind::Find => {
                write!(to, "GET /v1/ai_secret/{} HTTP/1.1\r\n{host}\r\n", id_of(self.scattered() % stored))
            }
            Kind::List => {
                let after = id_of(50 + self.scattered() % stored.saturating_sub(50).max(1));
                write!(to, "GET /v1/ai_secret?limit=50&starting_after={after} HTTP/1.1\r\n{host}\r\n")
            }
            Kind::Create => {
                let body = format!(
                    r#"{{"name":"made-{}-{}-{}","type":"openai","metadata":{{"supportsStreaming":true}},"secret":"sk-proj-{:040x}"}}"#,
                    self.operation.run,
                    self.connection,
                    self.number,
                    self.scattered()
                );
                write!(to, "POST /v1/ai_secret HTTP/1.1\r\n{host}Content-Length: {}\r\n\r\n{body}", body.len())
            }
        };
    }
}

impl OperationRequests {
    /// A number that follows no order: of who asks, and how often.
    const fn scattered(&self) -> u64 {
        scattered(self.connection << 40 ^ self.number)
    }
}
