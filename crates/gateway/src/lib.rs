//! The gateway: requests go to the providers with a value in place of the caller's own credential, which never sees it
//! (design/security.md C). Where a request may go, what of it goes along, and what of an answer comes back.
//!
//! **Invariant:** a request never names where it goes: that is told by a [`Permit`](egress::Permit) alone, which
//! [`EgressPolicy`](egress::EgressPolicy) gives for a record's own URL. Each new connection resolves the name once,
//! checks every address and connects to those; certificates are always verified, redirects are never followed, and
//! the environment's proxies are not read.
//! **Invariant:** two organisations never share a connection, nor what speeds up their handshakes.
//! **Invariant:** headers pass by a list of those that may, in both directions. What is built for an upstream is
//! built from parts that were checked, never from the text that was checked.
//! **Invariant:** an answer that was cut off never looks complete, and no byte of a credential is in it.

mod body;
mod breaker;
pub mod egress;
pub mod headers;
mod names;
mod refusal;
pub mod scrub;
mod service;
mod settings;
pub mod target;
mod timeouts;
mod usage;

pub use body::{BodyEnd, BodyError, BodyReport, UpstreamBody};
pub use breaker::{Attempt, BreakerOpen, Breakers};
pub use names::refuses_body_field;
pub use service::{Gateway, GatewayBody, openapi};
pub use settings::GatewaySettings;
pub use timeouts::{Deadline, Timeouts};
