//! Organisations, and the API keys that act in them.

mod api_keys;
mod orgs;
mod proof;

pub(crate) use api_keys::KeyToIssue;
pub(crate) use orgs::NewOrgRows;
pub(crate) use proof::proof_bytes;
