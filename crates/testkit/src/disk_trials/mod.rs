//! What the store is worth on a disk that fails: an engine on a [`Disk`](crate::disk::Disk), callers that write at the same
//! time, a power cut ([`power`]) or an operation that fails ([`io_errors`]), and after it a look at everything.
//!
//! Callers (`caller`) write down what they were told (`testimony`); `turns` lets them and the store's writer take turns, so that a seed
//! gives the same operations each time. `installation` opens the engine, `survey` compares all that is there with what
//! callers were told, the audit log with it.

mod caller;
mod figures;
mod installation;
mod io_errors;
mod panics;
mod power;
mod survey;
mod testimony;
mod turns;
mod work;

pub use figures::TrialFigures;
pub use io_errors::{Ending, IoErrors};
pub use power::{Power, PowerOptions};
