//! How much was used: of which secret, with which API key.

use std::collections::BTreeMap;

use keyholt_store::{OrgScope, UsageRow};
use keyholt_types::{ApiKeyId, Caller, SecretId};

use crate::authorise::Operation;
use crate::{Engine, Error, OrgChoice};

/// How many rows are read at a time.
const BATCH: u32 = 500;

/// Which totals to list. Filters are ANDed.
#[derive(Debug, Clone, Copy)]
pub struct UsageFilter {
    /// Only of this secret.
    pub secret: Option<SecretId>,
    /// Only with this API key.
    pub api_key: Option<ApiKeyId>,
    /// Only after this place in the list.
    pub starting_after: Option<(SecretId, ApiKeyId)>,
    /// At most so many, 1 to 1000.
    pub limit: u32,
}

/// What an API key has used of a secret, up to a few seconds ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageView {
    /// The totals.
    pub total: UsageRow,
    /// The secret's name; none when it is no longer there, or does not open.
    pub secret_name: Option<Box<str>>,
}

impl Engine {
    /// Totals of the caller's organisations, in the order of secrets and API keys.
    ///
    /// # Errors
    /// When the caller may not read who does what.
    pub async fn list_usage(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        filter: UsageFilter,
    ) -> Result<Vec<UsageView>, Error> {
        let mut found = Vec::new();
        for scope in self.all_orgs(caller, org, Operation::ReadIdentity)? {
            found.extend(self.list_usage_in(caller, scope, filter).await?);
        }
        found.sort_by_key(|view| place_of(&view.total));
        found.truncate(usize::try_from(filter.limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// The first of them in one organisation.
    async fn list_usage_in(
        &self,
        caller: &Caller,
        scope: OrgScope,
        filter: UsageFilter,
    ) -> Result<Vec<UsageView>, Error> {
        let mut names: BTreeMap<SecretId, Named> = BTreeMap::new();
        let mut found = Vec::new();
        // No API key has the least id: it stands before all keys of the secret.
        let before_secret = filter.secret.map(|secret| (secret, ApiKeyId::MIN));
        let mut after = filter.starting_after.max(before_secret);
        loop {
            let rows = self.store.list_usage(scope, filter.api_key, after, BATCH).await;
            let rows = rows.map_err(|error| self.fault(&error))?;
            let is_last = rows.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
            for total in rows {
                after = Some(place_of(&total));
                if filter.secret.is_some_and(|secret| secret < total.secret) {
                    return Ok(found);
                }
                let named = match names.get(&total.secret) {
                    Some(named) => named,
                    None => {
                        let named = self.name_within_reach(caller, scope, total.secret).await?;
                        names.entry(total.secret).or_insert(named)
                    }
                };
                let Named::Within(secret_name) = named else { continue };
                found.push(UsageView { total, secret_name: secret_name.clone() });
                if found.len() >= usize::try_from(filter.limit).unwrap_or(usize::MAX) {
                    return Ok(found);
                }
            }
            if is_last {
                return Ok(found);
            }
        }
    }

    /// The name of a secret. What the caller's API key is not narrowed to is out of its reach, and so is what cannot
    /// be told to be within.
    async fn name_within_reach(
        &self,
        caller: &Caller,
        scope: OrgScope,
        secret: SecretId,
    ) -> Result<Named, Error> {
        let reach = &caller.identity.restrictions;
        let row = self.store.find_secret(scope.secrets(), secret).await.map_err(|error| self.fault(&error))?;
        let is_narrowed = reach.each().iter().any(|one| !one.names.is_empty() || !one.types.is_empty());
        let unknown = || if is_narrowed { Named::Beyond } else { Named::Within(None) };
        let Some(row) = row else { return Ok(unknown()) };
        match self.open_row(row).await {
            Ok(secret) if reach.allow_secret(&secret.columns.name, secret.columns.kind.as_deref()) => {
                Ok(Named::Within(Some(secret.columns.name)))
            }
            Ok(_) => Ok(Named::Beyond),
            Err(Error::Locked) => Ok(unknown()),
            Err(other) => Err(other),
        }
    }
}

enum Named {
    Within(Option<Box<str>>),
    Beyond,
}

fn place_of(total: &UsageRow) -> (SecretId, ApiKeyId) {
    (total.secret, total.api_key)
}
