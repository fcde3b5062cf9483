//! Who may do what: members, API keys and what narrows them, where they may be used from and how often, projects,
//! and what is written down of those who are refused.

mod addresses;
mod api_keys;
pub(crate) mod fixture;
mod interleaved;
mod last_one;
mod last_used;
mod limits;
mod lists;
mod many_credentials;
mod members;
mod migration;
mod narrowed_lists;
mod narrowed_views;
mod narrowed_writes;
mod projects;
mod reading;
mod refused;
mod tamper;
mod temporary;
