//! The vocabulary of Keyholt: ids, names, values, records, callers, audit events, the clock.
//!
//! **Invariant:** a leaf. Nothing here does I/O, knows a wire, a database or a key. Everything that
//! comes from outside enters through a `parse` function that states its bounds.

mod address_range;
mod audit;
mod caller;
mod clock;
mod fields;
mod ids;
mod jwt;
mod metadata;
mod patch;
mod preview;
mod record;
mod restriction;
mod rights;
mod value;

pub use address_range::{AddressRange, NotAnAddressRange};
pub use audit::{Action, AuditEvent, AuditRecord, Outcome, Subject, SubjectKind};
pub use caller::{Caller, Credential, Identity, OrgGrant, ProjectRef, RequestContext, Temporary, Via};
pub use clock::{Clock, TestClock, Timestamp};
pub use fields::{
    Description, EmailAddress, FieldProblem, OrgName, ProjectSecretName, SecretName, SecretType, TtlSeconds,
    parse_label,
};
pub use ids::{
    ApiKeyId, ChainId, DeploymentId, EventId, OrgId, PrincipalId, ProjectId, RequestId, SecretId, parse_uuid,
};
pub use jwt::{ClaimName, JwksPlace, JwtAlgorithm, JwtIssuer, JwtRule};
pub use metadata::Metadata;
pub use patch::Patch;
pub use preview::preview_of;
pub use record::{Collection, Details, EncryptedValue, SecretColumns, fixed_order_bytes};
pub use restriction::{NamePattern, Restriction, Restrictions};
pub use rights::{Right, Rights, Role};
pub use value::SecretValue;
