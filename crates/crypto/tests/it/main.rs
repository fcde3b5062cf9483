//! Keyholt's cryptography as its users see it.
#![cfg(test)]

mod fixture;
mod jwt;
mod jwt_hostile;
mod keyring;
mod laws;
mod tamper;
mod vectors;
