//! The gateway as callers and providers see it. The tests are named after the rows of design/security.md C.
#![cfg(test)]

mod choice;
mod credential;
mod destination;
mod echo;
mod evasion;
mod failover;
mod limits;
mod requests;
mod streams;
mod usage;
mod world;
