//! The body of an answer on its way to the caller.

mod events;
mod gathered;
mod report;
mod upstream_body;

pub use report::{BodyEnd, BodyError, BodyReport};
pub use upstream_body::UpstreamBody;
