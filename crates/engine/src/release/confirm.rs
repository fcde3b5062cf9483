//! Binding a value to where it may be sent now, after that has changed without a new value
//! (design/decisions.md 22).

use keyholt_store::Changes;
use keyholt_types::{Action, Caller, SecretId};

use super::binding::is_bound;
use crate::authorise::Operation;
use crate::engine::{ATTEMPTS, NotCommitted, secret_subject};
use crate::{Engine, Error, SecretView};

impl Engine {
    /// Binds a secret's value to its present destination, as if it had been written anew. Whoever may see the
    /// value may do that: they could send it there themselves.
    ///
    /// # Errors
    /// When there is no such secret, or the caller may not reveal or may not write.
    pub async fn confirm_hosts(&self, caller: &Caller, id: SecretId) -> Result<SecretView, Error> {
        self.require(caller, Operation::WriteSecrets)?;
        let _held = self.hold_record(id).await;
        for _ in 0..ATTEMPTS {
            let (scope, secret) = self.find_in_orgs(caller, id, Operation::RevealSecrets).await?;
            let org = scope.collection().org();
            let may_write = caller
                .identity
                .grant_in(org)
                .is_some_and(|grant| grant.rights.has(Operation::WriteSecrets.right()));
            if !may_write {
                return Err(self.deny(caller, Some(org), Operation::WriteSecrets));
            }
            if is_bound(&secret) {
                return Ok(secret);
            }
            let sealed = self.seal_bound(caller, secret).await?;
            let subject = secret_subject(&sealed.row.columns);
            let event = self.event(Some(caller), org, Action::SecretConfirmHosts, subject);
            let change = Changes::new().update_secret(scope, &sealed.row).record(event);
            match self.commit(Action::SecretConfirmHosts, change).await {
                Ok(()) => return Ok(sealed.view),
                Err(NotCommitted::Stale | NotCommitted::Taken) => {}
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }
}
