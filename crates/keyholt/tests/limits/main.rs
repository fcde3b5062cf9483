//! How much is let through, and what is written down of those who were refused.
#![cfg(test)]

mod fixture;
mod options;
mod refused;
mod written_down;
