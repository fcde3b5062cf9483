//! The gateway as callers and providers see it. The tests are named after the rows of design/security.md C.
#![cfg(test)]

mod choice;
mod credential;
mod destination;
mod echo;
mod failover;
mod limits;
mod requests;
mod review;
mod streams;
mod usage;
mod world;
