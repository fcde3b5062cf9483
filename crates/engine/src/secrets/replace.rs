//! Making a secret, or replacing the one of its name.

use keyholt_types::Caller;

use super::create::Namesake;
use super::edit::Edit;
use crate::authorise::Operation;
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
        let scope = self.one_org(caller, org, Operation::WriteSecrets)?.secrets();
        self.check_name(caller, scope, &new.name)?;
        for _ in 0..ATTEMPTS {
            let (found_existing, written) = match self.find_namesake(scope, new.name.as_str()).await? {
                Namesake::Present(present) => {
                    self.check_reach(caller, &present.columns)?;
                    let _held = self.hold_record(present.columns.id).await;
                    // Others may have changed it during the wait; who has the name now is looked up again.
                    let Namesake::Present(present) = self.find_namesake(scope, new.name.as_str()).await? else {
                        continue;
                    };
                    self.check_reach(caller, &present.columns)?;
                    (true, self.update(caller, scope, present, &Edit::replacement(&new)).await)
                }
                Namesake::None => (false, self.insert(caller, scope, None, &new).await),
                Namesake::Expired(columns) => (false, self.insert(caller, scope, Some(columns), &new).await),
                Namesake::Locked => return Err(Error::Locked),
            };
            match written {
                Ok(secret) => return Ok(Written { secret, found_existing }),
                Err(NotCommitted::Taken | NotCommitted::Stale) => {}
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }
}
