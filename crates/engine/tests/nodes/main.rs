//! Several nodes on one PostgreSQL, of which one reads, and commits only after another one has.
#![cfg(test)]

mod fixture;
mod held_nodes;
