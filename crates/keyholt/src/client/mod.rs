//! The client side: one connection to a server's native API, shared by all client commands.

mod connection;
mod failure;
pub(crate) mod find;
mod names;
mod options;

pub(crate) use connection::{Connection, Listing};
pub(crate) use failure::ClientError;
pub(crate) use names::Names;
pub(crate) use options::{ClientOptions, ServerOptions};

/// A text member of an answer; empty when it is null or absent.
pub(crate) fn text<'a>(object: &'a serde_json::Value, member: &str) -> &'a str {
    object.get(member).and_then(serde_json::Value::as_str).unwrap_or_default()
}

/// A list member of an answer; empty when it is null or absent.
pub(crate) fn list<'a>(object: &'a serde_json::Value, member: &str) -> &'a [serde_json::Value] {
    object.get(member).and_then(serde_json::Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
