//! The gateway as a service: requests in, providers' answers out.
//!
//! A request flows in one direction: [`gateway`] takes it, [`serve`] authenticates its caller and reads it
//! ([`route`], [`upload`], [`json_body`]), [`choose`] finds the secrets that serve it, [`forward`] sends it to one
//! after the other ([`outgoing`], [`added_headers`], [`spending`]), [`answer`] passes the best answer on ([`answer_body`]). [`description`] is for
//! those who would write a request.

mod added_headers;
mod answer;
mod answer_body;
mod choose;
mod credentials;
mod description;
mod forward;
mod gateway;
mod json_body;
mod metrics;
mod outgoing;
mod route;
mod serve;
mod shared;
mod slots;
mod spending;
mod stopwatch;
mod test_secret;
mod upload;

pub use answer_body::GatewayBody;
pub use description::openapi;
pub use gateway::Gateway;
