//! What the store and the engine are worth on a disk that fails (design/security.md A1).
#![cfg(test)]

mod io_errors;
mod power;
