//! The proof that a caller may touch an organisation's rows.

use keyholt_types::{Collection, OrgId, ProjectId};

/// An organisation that authorisation has opened for a caller.
///
/// Only the engine's authorisation makes one; clippy refuses [`authorised`](Self::authorised)
/// everywhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrgScope(OrgId);

impl OrgScope {
    /// Opens an organisation: the caller has the right that the operation needs there.
    #[must_use]
    pub const fn authorised(org: OrgId) -> Self {
        Self(org)
    }

    /// The organisation.
    #[must_use]
    pub const fn org(self) -> OrgId {
        self.0
    }

    /// The organisation's own secrets.
    #[must_use]
    pub const fn secrets(self) -> Scope {
        Scope(Collection::Org(self.0))
    }

    /// The secrets of one of its projects.
    #[must_use]
    pub const fn project_secrets(self, project: ProjectId) -> Scope {
        Scope(Collection::Project(self.0, project))
    }
}

/// A collection of secrets that authorisation has opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope(Collection);

impl Scope {
    /// The collection.
    #[must_use]
    pub const fn collection(self) -> Collection {
        self.0
    }
}
