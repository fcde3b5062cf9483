//! The use cases of Keyholt: the only place that decides.
//!
//! **Invariant:** every method of [`Engine`] but `authenticate` and `health` takes a
//! [`Caller`](keyholt_types::Caller), and reaches a tenant's rows only through a scope that
//! authorisation made.
//! **Invariant:** nothing here knows HTTP or SQL.

mod audit;
mod audit_chains;
mod authenticate;
mod authorise;
mod clock_jump;
mod clock_watch;
mod command;
mod engine;
mod error;
mod identities;
mod identity;
mod inspect;
mod jwt;
mod keks;
mod limits;
mod metrics;
mod observations;
mod open;
mod org_keys;
pub mod providers;
mod refused;
mod release;
mod secrets;
mod settings;
mod system_clock;
mod usage;
mod verify;
mod view;

pub use audit::AuditFilter;
pub use authenticate::{credential_from_gateway_headers, credential_from_headers};
pub use authorise::Operation;
pub use command::{
    IdentityFilter, ImportedSecret, MemberPatch, MetadataObject, MetadataPatch, NewApiKey, NewKeyRights,
    NewPrincipal, NewSecret, OrgChoice, OrgReach, PageRequest, SecretFilter, SecretPatch,
};
pub use engine::Engine;
pub use error::{Denied, Error, Field, LastOne};
pub use identity::MemberFilter;
pub use inspect::{Inspection, LockedSecret, UnusableSecret, inspect};
pub use jwt::{FetchJwks, FetchProblem, Fetching, JwtOptions};
pub use keyholt_store::{Durability, PrincipalKind};
pub use limits::{Rate, RateLimits};
pub use open::{Bootstrap, FirstStart, OpenOptions, OpenRefused, Opened, StoreState, open};
pub use release::{
    Choice, ResolveRequest, ResolvedSecret, RevealedSecret, Revelation, Spent, TestSecret, Tested, Testing,
    Usable, UseRequest, WhichVersion, unusable,
};
pub use secrets::SecretList;
pub use settings::EngineSettings;
pub use system_clock::SystemClock;
pub use usage::{UsageFilter, UsageView};
pub use verify::{OpenedRows, Verification, VerifyProgress, check_root_key, verify};
pub use view::{
    ApiKeyView, AuditVerdict, BadAuditRecord, IssuedApiKey, KeyHolder, ListedSecret, MemberView,
    MembershipView, OrgView, ProjectView, SecretView, Written,
};
