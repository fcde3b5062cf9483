//! The gateway of the built program, from outside: what the tests of the crate cannot see is the server around it.
#![cfg(test)]

mod connections;
mod description;
mod fixture;
mod options;
mod private_ca;
mod tarpit;
