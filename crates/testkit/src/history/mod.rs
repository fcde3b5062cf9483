//! Whether the answers that clients got at the same time can be those of one store that does one thing after the
//! other: a check for linearizability (Wing and Gong 1993; just in time: Lowe, "Testing for linearizability", 2017).
//!
//! What was asked and answered is a list of calls ([`Call`], `call`), recorded by many clients of one cell, a few
//! names that nobody else touches (`load`, over HTTP by `wire` and `nodes`). What one store would answer is said by
//! `state` (wire/braintrust.md 4.1 to 4.3); `check` looks for an order in which it would have answered so. That the
//! check can fail is shown by clients that lie about what they were answered (`lie`).
//!
//! Linearizability is local: a history is linearizable if that of each cell is. So cells are checked one by one.

mod call;
mod check;
mod lie;
mod load;
mod nodes;
mod state;
mod wire;

#[cfg(test)]
mod tests;

pub use call::{Call, Content, Operation, Outcome, Patch, Row};
pub use check::{Flaw, check};
pub use lie::{Liar, Lie};
pub use load::{Load, Recorded, Sent, Store};
pub use nodes::Nodes;
