//! What an AI proxy asks for: the values that serve a model (wire/braintrust.md 6).

use std::cmp::Reverse;

use keyholt_store::SecretRow;
use keyholt_types::{Action, Caller, SecretValue};

use super::binding::is_bound;
use super::group::Group;
use super::group_rows::GroupRows;
use super::open_value::scope_of;
use crate::authorise::Operation;
use crate::providers::{self, Unfit};
use crate::{Denied, Engine, Error, OrgChoice, SecretView};

/// What a proxy asks for.
#[derive(Debug, Clone, Copy)]
pub struct ResolveRequest<'a> {
    /// The model; every secret that fits when none is given.
    pub model: Option<&'a str>,
    /// The organisation; all of the caller's when none is named.
    pub org: OrgChoice<'a>,
}

/// A secret that serves a model.
#[derive(Debug)]
pub struct ResolvedSecret {
    /// The secret.
    pub secret: SecretView,
    /// The organisation's name.
    pub org_name: Box<str>,
    /// Its value; none where its type needs none.
    pub value: Option<SecretValue>,
}

impl Engine {
    /// The secrets that serve a model, newest first. Only those that the proxy's schema lets through: one that
    /// does not fit is left out and reported, since it would spoil the whole answer (wire/braintrust.md 6.1).
    /// The audit events are on the disk before this returns.
    ///
    /// # Errors
    /// When the caller may not reveal (or use, from an address that is trusted to resolve), shows a credential for
    /// another model, or names an organisation that is not theirs.
    pub async fn resolve(
        &self,
        caller: &Caller,
        request: ResolveRequest<'_>,
    ) -> Result<Vec<ResolvedSecret>, Error> {
        self.require_to_resolve(caller)?;
        let operation = self.operation_of_resolving(caller);
        if let OrgChoice::Named(name) = request.org
            && !caller.identity.orgs.iter().any(|grant| &*grant.org_name == name)
        {
            return Err(self.deny_org(caller, operation));
        }
        if !caller.identity.allows_model(request.model) {
            self.count_refused_attempt(caller, None, operation.attempt());
            return Err(Error::Forbidden(Denied::OutsidePattern));
        }
        let groups = request.model.map_or_else(
            || vec![Group::All],
            |model| Group::of_model(self.models.providers_of(model).iter().copied()),
        );
        let mut resolved = Vec::new();
        for org in self.all_orgs(caller, request.org, operation)? {
            let mut rows = GroupRows::new(self, org.secrets(), &groups);
            while let Some(batch) = rows.next().await? {
                for row in batch {
                    resolved.extend(self.resolve_row(caller, row, request.model).await?);
                }
            }
        }
        resolved.sort_by_key(|one| Reverse((one.secret.columns.id, one.secret.columns.collection.org())));
        // A change between two reads may have put it into another group.
        resolved.dedup_by_key(|one| (one.secret.columns.id, one.secret.columns.collection.org()));
        self.record_released(caller, Action::SecretResolve, resolved.iter().map(|one| &one.secret)).await?;
        Ok(resolved)
    }

    /// Refuses whoever may resolve nowhere: the early check, before a body is read.
    ///
    /// # Errors
    /// [`Error::Forbidden`], which is counted for the audit log.
    pub fn require_to_resolve(&self, caller: &Caller) -> Result<(), Error> {
        self.require(caller, self.operation_of_resolving(caller))
    }

    /// From the addresses of trusted proxies the right to use suffices: what they are given stays with them
    /// (design/decisions.md 9).
    fn operation_of_resolving(&self, caller: &Caller) -> Operation {
        let address = caller.request.address;
        let is_trusted =
            address.is_some_and(|address| self.resolvers.iter().any(|range| range.contains(address)));
        if is_trusted && !caller.identity.has_anywhere(Operation::RevealSecrets.right()) {
            Operation::UseSecrets
        } else {
            Operation::RevealSecrets
        }
    }

    /// A secret with its value, if the secret is the caller's, serves the model and fits.
    async fn resolve_row(
        &self,
        caller: &Caller,
        row: SecretRow,
        model: Option<&str>,
    ) -> Result<Option<ResolvedSecret>, Error> {
        let secret = match self.open_present(&caller.identity.restrictions, row).await {
            Ok(Some(secret)) => secret,
            Ok(None) | Err(Error::Locked) => return Ok(None),
            Err(other) => return Err(other),
        };
        let Some(value) = self.value_for_model(&secret, model).await? else { return Ok(None) };
        let grant = caller.identity.grant_in(secret.columns.collection.org());
        let org_name = grant.map(|grant| grant.org_name.clone()).ok_or(Error::Internal)?;
        Ok(Some(ResolvedSecret { secret, org_name, value }))
    }

    /// A secret's value, if the secret serves the model and fits; the inner one is none where the type needs
    /// none.
    async fn value_for_model(
        &self,
        secret: &SecretView,
        model: Option<&str>,
    ) -> Result<Option<Option<SecretValue>>, Error> {
        let (kind, metadata) = (secret.columns.kind.as_deref(), secret.details.metadata.as_ref());
        let provider = match providers::check_metadata(kind, metadata) {
            Ok(provider) => provider,
            Err(unfit) => {
                self.report_unfit(secret, unfit);
                return Ok(None);
            }
        };
        if !self.models.matches(provider, metadata, model) {
            return Ok(None);
        }
        if !is_bound(secret) {
            self.report_unfit(secret, Unfit::Unbound);
            return Ok(None);
        }
        let value = match self.open_value(scope_of(&secret.columns), secret).await {
            Ok(value) => value,
            Err(Error::Locked) => return Ok(None),
            Err(other) => return Err(other),
        };
        match providers::check_value(provider, metadata, value.as_ref()) {
            Ok(()) => Ok(Some(value)),
            Err(unfit) => {
                self.report_unfit(secret, unfit);
                Ok(None)
            }
        }
    }
}
