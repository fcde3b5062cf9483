//! Tokens as credentials: whom they stand for, and where the keys come from that they are verified with. Time stands
//! until it is moved.
#![cfg(test)]

mod fixture;
mod identity;
mod keys;
