//! The gateway's ground as its users see it: real connections, on loopback addresses.
#![cfg(test)]

mod answers;
mod certificates;
mod connections;
mod destinations;
mod fixture;
mod streams;
mod tls;
