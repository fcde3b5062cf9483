//! What an operation needs, and the scope that a caller gets for it.

use keyholt_store::OrgScope;
use keyholt_types::{Caller, OrgGrant, OrgId, ProjectId, Right};

use crate::{Denied, Error, OrgChoice};

/// What callers do, as far as rights tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    ReadSecrets,
    WriteSecrets,
    ManageApiKeys,
    ReadAudit,
}

impl Operation {
    /// The one table of rights.
    pub(crate) const fn right(self) -> Right {
        match self {
            Self::ReadSecrets => Right::Read,
            Self::WriteSecrets => Right::Write,
            Self::ManageApiKeys | Self::ReadAudit => Right::Admin,
        }
    }
}

/// Opens an organisation for a grant that has the right.
fn open(grant: &OrgGrant, operation: Operation) -> Result<OrgScope, Error> {
    if grant.rights.has(operation.right()) {
        Ok(scope(grant.org))
    } else {
        Err(Error::Forbidden(Denied::Right(operation.right())))
    }
}

/// Opens an organisation for the server's own work: authentication, expiry, opening its keys.
pub(crate) fn server_scope(org: OrgId) -> OrgScope {
    scope(org)
}

fn scope(org: OrgId) -> OrgScope {
    #[expect(clippy::disallowed_methods, reason = "AUTHORISE: the one place that opens organisations")]
    OrgScope::authorised(org)
}

/// The one organisation in which something is written or deleted by name (wire/braintrust.md 5.3).
pub(crate) fn one_org(caller: &Caller, choice: OrgChoice<'_>, operation: Operation) -> Result<OrgScope, Error> {
    let orgs = &caller.identity.orgs;
    match (choice, orgs.as_slice()) {
        (OrgChoice::Unnamed, [only]) => open(only, operation),
        (OrgChoice::Unnamed, _) if caller.identity.has_anywhere(operation.right()) => Err(Error::OrgRequired),
        (OrgChoice::Unnamed, _) => Err(Error::Forbidden(Denied::Right(operation.right()))),
        (OrgChoice::Named(name), _) => match orgs.iter().find(|grant| &*grant.org_name == name) {
            Some(grant) => open(grant, operation),
            None => Err(Error::Forbidden(Denied::Org)),
        },
    }
}

/// Every organisation in which something is listed or looked up by id. None when an organisation is
/// named that is not the caller's.
pub(crate) fn all_orgs(
    caller: &Caller,
    choice: OrgChoice<'_>,
    operation: Operation,
) -> Result<Vec<OrgScope>, Error> {
    if !caller.identity.has_anywhere(operation.right()) {
        return Err(Error::Forbidden(Denied::Right(operation.right())));
    }
    match choice {
        OrgChoice::Unnamed => {
            let open = caller.identity.orgs.iter().filter(|grant| grant.rights.has(operation.right()));
            Ok(open.map(|grant| scope(grant.org)).collect())
        }
        OrgChoice::Named(name) => match caller.identity.orgs.iter().find(|grant| &*grant.org_name == name) {
            Some(grant) => Ok(vec![open(grant, operation)?]),
            None => Ok(Vec::new()),
        },
    }
}

/// The caller's own project.
pub(crate) fn own_project(caller: &Caller, operation: Operation) -> Result<(OrgScope, ProjectId), Error> {
    let project = &caller.identity.project;
    let grant = caller.identity.grant_in(project.org).ok_or(Error::NotFound)?;
    Ok((open(grant, operation)?, project.id))
}

/// Refuses all but operators.
pub(crate) fn operator(caller: &Caller) -> Result<(), Error> {
    if caller.identity.operator { Ok(()) } else { Err(Error::Forbidden(Denied::Operator)) }
}
