//! Keyholt's cryptography as its users see it.
#![cfg(test)]

mod fixture;
mod keyring;
mod laws;
mod tamper;
mod vectors;
