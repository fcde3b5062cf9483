//! Organisations, projects, members, and the API keys that stand for them.

mod api_keys;
mod holders;
mod issue;
mod last_one;
mod members;
mod orgs;
mod page;
mod principals;
mod projects;
mod proof;
mod revoke;
mod sealed;
mod temporary;

pub(crate) use issue::KeyToIssue;
pub(crate) use orgs::NewOrgRows;
pub use principals::MemberFilter;
pub(crate) use proof::proof_bytes;
