//! Rows and transactions: one SQL text, with SQLite or PostgreSQL driven directly underneath.
//!
//! **Invariant:** no key and no plaintext can reach this crate; it stores what is sealed elsewhere.
//! **Invariant:** a change is a list of statements with the row counts they must have, and can be
//! committed only through the value that recording an audit event returns ([`Audited`]); only what was
//! observed, such as when an API key was last used, is written without one ([`Uses`]).
//! **Invariant:** a tenant's rows are reached through a [`Scope`] only, which authorisation makes.

mod audit;
mod audit_record;
mod chain;
mod changes;
mod copy;
mod dialect;
mod durability;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod identity;
mod keys;
mod migrations;
mod param;
mod postgres;
mod scope;
mod secrets;
mod sqlite;
mod store;
mod whole;

pub use audit::{AuditHead, UnreadableRecord};
pub use audit_record::StoredAuditRecord;
pub use changes::{Audited, ChainStart, ChainStep, Changes};
pub use copy::{CopiedTable, CopyError, CopyProgress, CopyReport, CopySource, CopyStage, CopyTarget, copy};
pub use durability::Durability;
pub use error::{CommitError, OpenError, StoreError, Unmet};
pub use identity::{
    ApiKeyRow, IdRange, MemberRow, MembershipRow, NearApiKey, OrgRow, PrincipalKind, PrincipalRow, ProjectRow,
    Standing, TokenSubject, UsageRow, Uses,
};
pub use keys::{DeploymentRow, OrgKeyRow, RingKeyRow};
pub use postgres::{BadUrl, PostgresOptions, PostgresUrl};
pub use scope::{OrgScope, Scope};
pub use secrets::{SecretHead, SecretPage, SecretRange, SecretRow, ValueRow};
pub use store::{Store, StoreView};
