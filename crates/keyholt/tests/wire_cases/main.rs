//! The cases that bite, asked of the built binary over a socket, as clients meet them
//! (wire/braintrust.md 9, wire/together.md 8).
//!
//! Every answer is checked for what holds of all answers, in [`store`].
#![cfg(test)]

mod braintrust_access;
mod braintrust_lists;
mod braintrust_writes;
mod store;
mod together_access;
mod together_paths;
mod together_writes;
