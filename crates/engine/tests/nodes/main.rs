//! Several nodes on one PostgreSQL: one reads, and goes by it only as long as it may when another one commits.
#![cfg(test)]

mod choices;
mod fixture;
mod held_nodes;
