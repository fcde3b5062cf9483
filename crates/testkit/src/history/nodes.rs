//! A client of several servers in turns.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::call::Operation;
use super::load::{Sent, Store};
use super::wire;
use crate::Client;

/// How long an answer may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends each operation to the next server, over kept connections.
#[derive(Debug)]
pub struct Nodes {
    clients: Vec<Client>,
    next: usize,
}

impl Nodes {
    /// A client of these servers with this API key that begins with the server of this number.
    #[must_use]
    pub fn new(addresses: &[SocketAddr], key: &str, first: usize) -> Self {
        let client = |address: &SocketAddr| Client::new(*address).bearer(key).patience(PATIENCE);
        Self { clients: addresses.iter().map(client).collect(), next: first }
    }
}

impl Store for Nodes {
    fn send(&mut self, operation: &Operation) -> Result<Sent, String> {
        let turn = self.next.checked_rem(self.clients.len()).unwrap_or(0);
        self.next = turn + 1;
        let client = self.clients.get_mut(turn).ok_or("no server")?;
        let (method, target, body) = wire::request(operation);
        match client.send_once(method, &target, body.as_deref()) {
            Ok(answer) => wire::sent(operation, &answer),
            // Nobody was there to do anything.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(Sent::Refused),
            Err(_) => Ok(Sent::Lost),
        }
    }
}
