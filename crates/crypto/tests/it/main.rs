//! Keyholt's cryptography as its users see it.
#![cfg(test)]

mod fixture;
mod jwt;
mod jwt_hostile;
mod keyring;
mod laws;
mod secret_types;
mod tamper;
mod vectors;
