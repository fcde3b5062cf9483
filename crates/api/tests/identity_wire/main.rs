//! wire/braintrust.md 7: organisations, API keys, service tokens, users and projects, and the control plane, through
//! the whole router.
#![cfg(test)]

mod api_keys;
mod control;
mod organizations;
mod paths;
mod service_tokens;
mod users_and_projects;
mod world;
