//! Secrets and their values: rows, changes, single rows, lists.

mod change;
mod find;
mod list;
mod row;

pub use list::{SecretHead, SecretPage, SecretRange};
pub use row::{SecretRow, ValueRow};
