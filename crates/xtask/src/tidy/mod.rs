//! `cargo xtask tidy`: the rules of the house, one file a group of rules.

mod crates;
mod cycles;
mod documents;
mod finding;
mod manifests;
mod modules;
mod report;
mod rules;
mod source;
mod tree;

pub(crate) use report::run;
