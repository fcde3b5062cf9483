//! The use cases, without HTTP: on a database in memory, or on a file where somebody tampers with it or where it is opened
//! again; on a clock that stands until it is moved.
#![cfg(test)]

mod api_keys;
mod audit;
mod authenticate;
mod canary;
mod edit;
mod expiry;
mod fixture;
mod identity;
mod import;
mod list;
mod order;
mod orgs;
mod project;
mod races;
mod release;
mod rights;
mod start;
mod tamper;
mod tamper_columns;
mod versions;
