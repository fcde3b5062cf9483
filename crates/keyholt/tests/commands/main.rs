//! The client commands, against a server, for people and for programs.
#![cfg(test)]

mod audit;
mod completion;
mod doctor;
mod failures;
mod key;
mod org;
mod secret_read;
mod secret_rm;
mod secret_set;
mod shell;
