//! Letting values out: the only place where a stored value turns back into plaintext.
//!
//! **Invariant:** a value is opened for a caller with the right for it only, and who is given one (reveal,
//! resolve) is given it after the audit event for it is on the disk.

mod binding;
mod choose;
mod confirm;
mod group;
mod group_rows;
mod open_value;
mod profile;
mod profiles;
mod resolve;
mod reveal;
mod serving;
mod tally;
mod test;
mod unfit;
mod usable;
mod used;

pub use binding::unusable;
pub use choose::Choice;
pub(crate) use profiles::Profiles;
pub use resolve::{ResolveRequest, ResolvedSecret};
pub use reveal::{RevealedSecret, Revelation};
pub(crate) use tally::Used;
pub use test::{TestSecret, Tested, Testing};
pub use usable::{Usable, UseRequest, WhichVersion};
pub use used::Spent;
