//! Copies: a target is equal to its source, or says that it is not whole.
#![cfg(test)]

mod damaged;
mod directories;
mod files;
mod fixture;
mod older;
mod on_postgres;
mod resumed;
