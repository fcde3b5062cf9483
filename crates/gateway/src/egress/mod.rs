//! Where a request may go, and how it gets there.
//!
//! A record's URL is checked by [`EgressPolicy::check_url`]; the [`Permit`] that it gives is all that a connection is
//! made from. [`Upstreams`] keeps connections, and gives each organisation its own.

mod address;
mod connect;
mod entry;
mod place;
mod policy;
mod resolve;
mod stream;
mod tls;
mod upstreams;

pub use address::is_public;
pub use connect::ConnectError;
pub use entry::{EgressEntry, NotAnEntry};
pub use place::{EgressRefused, Host, Place, Scheme};
pub use policy::{EgressPolicy, Permit};
pub use resolve::{Resolve, Resolving, SystemResolver};
pub use tls::{NotACa, PrivateCa};
pub use upstreams::{RequestBody, UpstreamClient, UpstreamError, Upstreams};
