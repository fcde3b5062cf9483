//! Clients that mean harm: whatever they send, the server refuses it or stores it exactly, repeats nothing,
//! stays small and serves the others.
#![cfg(test)]

mod bodies;
mod credentials;
mod crowds;
mod heads;
mod http2;
mod http2_floods;
mod json;
mod names;
mod proxies;
mod slow;
mod smuggling;
mod tally;
mod victim;
