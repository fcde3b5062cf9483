//! What a request asks for: the path below the gateway's own and the query, checked and put together anew.

mod form;
mod percent;
mod query;
mod refused;
mod segments;

pub use form::{check_form, upstream_url};
pub use query::Query;
pub use refused::TargetRefused;
pub use segments::Segments;
