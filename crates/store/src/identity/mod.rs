//! Organisations, projects, principals and their memberships, API keys and when they were used.

mod api_keys;
mod members;
mod orgs;
mod principals;
mod projects;
mod range;
mod standing;
mod temporary;
mod usage;
mod uses;

pub use api_keys::{ApiKeyRow, NearApiKey};
pub use members::{MemberRow, MembershipRow};
pub use orgs::OrgRow;
pub use principals::{PrincipalKind, PrincipalRow, TokenSubject};
pub use projects::ProjectRow;
pub use range::IdRange;
pub use standing::Standing;
pub use usage::UsageRow;
pub use uses::Uses;
