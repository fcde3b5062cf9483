//! Clients that mean harm: whatever they send, the server refuses it or stores it exactly, repeats nothing,
//! stays small and serves the others.
#![cfg(test)]

mod bodies;
mod credentials;
mod heads;
mod json;
mod names;
mod slow;
mod smuggling;
mod victim;
