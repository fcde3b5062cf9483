//! The servers that other tests rely on do what is said of them.
#![cfg(test)]

mod postgres;
