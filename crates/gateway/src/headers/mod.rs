//! Which headers pass, in both directions: those of a list. Everything else is dropped, whatever it is called.

mod answer;
mod hop;
mod request;

pub use answer::{AnswerHeaders, AnswerRefused, AnsweredBy, answer_headers};
pub use request::{HeaderRefused, upstream_headers};
