//! Making a secret, or replacing the one of its name.

use keyholt_types::Caller;

use super::create::Namesake;
use super::edit::Edit;
use crate::authorise::{Operation, one_org};
use crate::engine::{ATTEMPTS, NotCommitted};
use crate::{Engine, Error, NewSecret, OrgChoice, Written};

impl Engine {
    /// Makes a secret of an organisation, or replaces type and metadata, and the value where one is
    /// given, of the secret of that name (wire/braintrust.md 3.3).
    ///
    /// # Errors
    /// When the caller may not write, or did not say in which of several organisations.
    pub async fn replace_secret(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        new: NewSecret,
    ) -> Result<Written, Error> {
        let scope = one_org(caller, org, Operation::WriteSecrets)?.secrets();
        for _ in 0..ATTEMPTS {
            let written = match self.find_namesake(scope, new.name.as_str()).await? {
                Namesake::Present(row) => {
                    let _held = self.hold_record(row.columns.id).await;
                    // What was read before the wait may be old; a stale version only starts over.
                    self.update(caller, scope, row, &Edit::replacement(&new)).await.map(|secret| (secret, true))
                }
                free => self.insert(caller, scope, free, &new).await.map(|secret| (secret, false)),
            };
            match written {
                Ok((secret, found_existing)) => return Ok(Written { secret, found_existing }),
                Err(NotCommitted::Taken | NotCommitted::Stale) => {}
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }
}
