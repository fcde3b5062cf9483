//! What an operation needs, and the scope that a caller gets for it.

use keyholt_store::OrgScope;
use keyholt_types::{Action, Caller, OrgGrant, OrgId, ProjectId, Right};

use crate::{Denied, Engine, Error, OrgChoice};

/// What callers do, as far as rights tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// List secrets and look them up; never their values.
    ReadSecrets,
    /// Make, change and delete secrets.
    WriteSecrets,
    /// Have values sent to their providers without seeing them.
    UseSecrets,
    /// Be given values.
    RevealSecrets,
    /// Look up members, projects and API keys other than one's own.
    ReadIdentity,
    /// Make, change and delete members, projects and API keys.
    ManageIdentity,
    /// Read the audit log.
    ReadAudit,
}

impl Operation {
    /// The one table of rights.
    #[must_use]
    pub const fn right(self) -> Right {
        match self {
            Self::ReadSecrets | Self::ReadIdentity => Right::Read,
            Self::WriteSecrets => Right::Write,
            Self::UseSecrets => Right::Use,
            Self::RevealSecrets => Right::Reveal,
            Self::ManageIdentity | Self::ReadAudit => Right::Admin,
        }
    }

    /// What it is called in the audit log when it is refused.
    pub(crate) const fn attempt(self) -> Action {
        match self {
            Self::ReadSecrets => Action::SecretRead,
            Self::WriteSecrets => Action::SecretWrite,
            Self::UseSecrets => Action::SecretUse,
            Self::RevealSecrets => Action::SecretReveal,
            Self::ReadIdentity => Action::IdentityRead,
            Self::ManageIdentity => Action::IdentityManage,
            Self::ReadAudit => Action::AuditRead,
        }
    }
}

/// Whether a caller is shown others' memberships and API keys in an organisation: where they may read them, and where
/// they may change them, since who changes something is shown it.
pub(crate) fn sees_others(caller: &Caller, org: OrgId) -> bool {
    let sees = |grant: &OrgGrant| {
        grant.rights.has(Operation::ReadIdentity.right()) || grant.rights.has(Operation::ManageIdentity.right())
    };
    caller.identity.grant_in(org).is_some_and(sees)
}

/// Opens an organisation for the server's own work: authentication, expiry, opening its keys.
pub(crate) fn server_scope(org: OrgId) -> OrgScope {
    #[expect(clippy::disallowed_methods, reason = "AUTHORISE: the one place that opens organisations")]
    OrgScope::authorised(org)
}

impl Engine {
    /// Refuses whoever has the right for this nowhere: the early check, before a body is read. The use case
    /// checks again, in the organisation that is meant.
    ///
    /// # Errors
    /// [`Error::Forbidden`], which is counted for the audit log.
    pub fn require(&self, caller: &Caller, operation: Operation) -> Result<(), Error> {
        if caller.identity.has_anywhere(operation.right()) {
            Ok(())
        } else {
            Err(self.deny(caller, None, operation))
        }
    }

    /// Refuses all but operators.
    ///
    /// # Errors
    /// [`Error::Forbidden`], which is counted for the audit log.
    pub fn require_operator(&self, caller: &Caller) -> Result<(), Error> {
        if caller.identity.operator {
            return Ok(());
        }
        self.count_refused_attempt(caller, None, Action::Operate);
        Err(Error::Forbidden(Denied::Operator))
    }

    /// Opens an organisation for a grant that has the right.
    fn open(&self, caller: &Caller, grant: &OrgGrant, operation: Operation) -> Result<OrgScope, Error> {
        if grant.rights.has(operation.right()) {
            Ok(server_scope(grant.org))
        } else {
            Err(self.deny(caller, Some(grant.org), operation))
        }
    }

    pub(crate) fn deny(&self, caller: &Caller, org: Option<OrgId>, operation: Operation) -> Error {
        self.count_refused_attempt(caller, org, operation.attempt());
        Error::Forbidden(Denied::Right(operation.right()))
    }

    /// Refuses what is asked for in an organisation that is not the caller's, or is not there.
    pub(crate) fn deny_org(&self, caller: &Caller, operation: Operation) -> Error {
        self.count_refused_attempt(caller, None, operation.attempt());
        Error::Forbidden(Denied::Org)
    }

    /// Refuses to give more than the caller has.
    pub(crate) fn deny_more(&self, caller: &Caller, org: Option<OrgId>, operation: Operation) -> Error {
        self.count_refused_attempt(caller, org, operation.attempt());
        Error::Forbidden(Denied::MoreThanOwn)
    }

    /// The one organisation in which something is written or deleted by name (wire/braintrust.md 5.3).
    pub(crate) fn one_org(
        &self,
        caller: &Caller,
        choice: OrgChoice<'_>,
        operation: Operation,
    ) -> Result<OrgScope, Error> {
        let orgs = &caller.identity.orgs;
        match (choice, orgs.as_slice()) {
            (OrgChoice::Unnamed, [only]) => self.open(caller, only, operation),
            (OrgChoice::Unnamed, _) => {
                self.require(caller, operation)?;
                Err(Error::OrgRequired)
            }
            (OrgChoice::Named(name), _) => match orgs.iter().find(|grant| &*grant.org_name == name) {
                Some(grant) => self.open(caller, grant, operation),
                None => Err(self.deny_org(caller, operation)),
            },
        }
    }

    /// Every organisation in which something is listed or looked up by id. None when an organisation is
    /// named that is not the caller's.
    pub(crate) fn all_orgs(
        &self,
        caller: &Caller,
        choice: OrgChoice<'_>,
        operation: Operation,
    ) -> Result<Vec<OrgScope>, Error> {
        self.require(caller, operation)?;
        match choice {
            OrgChoice::Unnamed => {
                let open = caller.identity.orgs.iter().filter(|grant| grant.rights.has(operation.right()));
                Ok(open.map(|grant| server_scope(grant.org)).collect())
            }
            OrgChoice::Named(name) => {
                match caller.identity.orgs.iter().find(|grant| &*grant.org_name == name) {
                    Some(grant) => Ok(vec![self.open(caller, grant, operation)?]),
                    None => Ok(Vec::new()),
                }
            }
        }
    }

    /// Every organisation of the caller, with whether all that is there may be read, or only what is the
    /// caller's own (wire/braintrust.md 7.4). None when one is named that is not the caller's.
    pub(crate) fn own_orgs(&self, caller: &Caller, choice: OrgChoice<'_>) -> Vec<(OrgScope, bool)> {
        let is_meant = |grant: &&OrgGrant| match choice {
            OrgChoice::Unnamed => true,
            OrgChoice::Named(name) => &*grant.org_name == name,
        };
        let open =
            |grant: &OrgGrant| (server_scope(grant.org), grant.rights.has(Operation::ReadIdentity.right()));
        caller.identity.orgs.iter().filter(is_meant).map(open).collect()
    }

    /// The caller's own project.
    pub(crate) fn own_project(
        &self,
        caller: &Caller,
        operation: Operation,
    ) -> Result<(OrgScope, ProjectId), Error> {
        let project = &caller.identity.project;
        let grant = caller.identity.grant_in(project.org).ok_or(Error::NotFound)?;
        Ok((self.open(caller, grant, operation)?, project.id))
    }
}
