//! What an acknowledged write is worth: a server is killed at random moments under load, and after each start every
//! acknowledged write is there, whole, once in the audit log, and opens (design/security.md A1, A8).
//!
//! Workers that know what they were answered ([`worker`], [`model`], [`load`]), a look at everything over HTTP
//! ([`survey`], [`audit_log`]), and one kill after the other ([`rounds`], [`figures`]).

mod audit_log;
mod figures;
mod load;
mod model;
mod rounds;
mod survey;
mod worker;

pub use audit_log::AuditLog;
pub use figures::CrashFigures;
pub use load::{Load, Settled, Until};
pub use model::{Acknowledged, Row, Rows, Testimony, Unanswered, Wire, Write};
pub use rounds::{CrashOptions, crash};
pub use survey::{reveal, survey};
