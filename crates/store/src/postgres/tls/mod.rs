//! Connections to the shared database: over TLS or not, to whichever host is the primary.
//!
//! [`connect`] asks the hosts and drives what it got, [`connector`] reads certificates, [`problem`] says in one
//! line what is wrong and what to do.

mod connect;
mod connector;
mod problem;
#[cfg(test)]
mod tests;

use problem::ConnectProblem;

pub(super) use connect::{Connected, Driver, cancel, connect};
