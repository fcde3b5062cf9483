//! From the first start to the last signal: what the built program says, makes, serves and refuses.
#![cfg(test)]

mod bootstrap;
mod configuration;
mod first_start;
mod idle;
mod listeners;
mod probes;
mod refused;
mod root_key;
mod signals;
mod stopping;
mod store;
mod tls;
mod tokens;
