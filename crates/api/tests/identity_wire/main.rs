//! wire/braintrust.md 6 and 7: the control plane with the lookup of an AI proxy, organisations, API keys, service tokens,
//! users and projects, through the whole router.
#![cfg(test)]

mod api_keys;
mod control;
mod organizations;
mod paths;
mod resolve;
mod service_tokens;
mod users_and_projects;
mod world;
