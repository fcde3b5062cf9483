//! The HTTP door: rooms for each wire, and what they share.
//!
//! **Invariant:** knows neither SQL nor ciphertext. A handler reads a request, makes one call to the
//! engine and writes the answer; it decides nothing. No room imports another.
//!
//! What the rooms share stands in files of its own: [`state`], [`refusal`], [`json`], [`query`],
//! [`body`], [`auth`], [`answer`]. Around all rooms stands one layer ([`door`]); under it the
//! connections ([`server`]).

mod answer;
mod app;
mod auth;
mod bodies;
mod body;
mod braintrust;
mod declared;
mod door;
mod fields;
mod forwarded;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod head_deadline;
mod json;
mod listing;
mod metrics;
mod native;
mod pressure;
mod probes;
mod query;
mod refusal;
mod room;
mod server;
mod slots;
mod state;
mod streams;
mod together;

pub use app::{app, app_with_gateway, openapi, routes};
pub use metrics::Metrics;
pub use probes::metrics_router;
pub use server::{Peer, ServerLimits, serve};
pub use state::{ApiSettings, AppState};
