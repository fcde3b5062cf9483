//! The client commands, against a server, for people and for programs.
#![cfg(test)]

mod audit;
mod completion;
mod doctor;
mod failures;
mod key;
mod key_find;
mod key_list;
mod key_narrowed;
mod member;
mod member_changes;
mod org;
mod project;
mod secret_bound;
mod secret_read;
mod secret_reveal;
mod secret_rm;
mod secret_set;
mod secret_test;
mod shell;
mod usage;
mod whoami;
