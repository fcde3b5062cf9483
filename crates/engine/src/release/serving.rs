//! Reading the secrets that may serve a request. Of those that cannot, as far as their type tells, none is opened:
//! in an organisation of many secrets a request costs what those cost that it is about.

use std::cmp::Reverse;

use futures_util::future::try_join_all;
use keyholt_store::{OrgScope, Scope, SecretPage, SecretRange, SecretRow};
use keyholt_types::{Caller, Restrictions, SecretId};

use super::usable::{Usable, UseRequest};
use crate::authorise::Operation;
use crate::providers::{ProviderType, Unfit};
use crate::{Engine, Error, OrgChoice};

/// How many rows are read at a time.
const BATCH: u32 = 100;

/// How many bytes of details are read at a time, so that rows that are large do not take much memory.
const BATCH_BYTES: usize = 256 * 1024;

/// A secret that a request is about, and whether it can be used for it.
pub(super) type Judged = (SecretId, Result<Usable, Unfit>);

impl Engine {
    /// The secrets of the caller's organisations that a request is about, newest first.
    ///
    /// # Errors
    /// When the caller may not use, or the storage is unavailable.
    pub(super) async fn judge_secrets(
        &self,
        caller: &Caller,
        request: UseRequest<'_>,
    ) -> Result<Vec<Judged>, Error> {
        let scopes = self.all_orgs(caller, OrgChoice::Unnamed, Operation::UseSecrets)?;
        let reach = &caller.identity.restrictions;
        let each_org = scopes.into_iter().map(|org: OrgScope| self.judge_org(reach, org.secrets(), request));
        let mut judged: Vec<Judged> = try_join_all(each_org).await?.into_iter().flatten().collect();
        judged.sort_by_key(|(id, _)| Reverse(*id));
        Ok(judged)
    }

    async fn judge_org(
        &self,
        reach: &Restrictions,
        scope: Scope,
        request: UseRequest<'_>,
    ) -> Result<Vec<Judged>, Error> {
        if let Some(name) = request.name {
            let found = self.store.find_secret_named(scope, name).await.map_err(|error| self.fault(&error))?;
            // Whatever its type is: whoever names a secret is told what is wrong with it.
            return self.judge_rows(reach, scope, found, request).await;
        }
        let kinds = kinds_for(request);
        let mut judged = Vec::new();
        let mut below = None;
        if kinds.len() > 1 {
            // Most organisations have few secrets, which are read at once whatever their types.
            let page = self.read_page(scope, None, None).await?;
            below = page.rows.last().map(|row| row.columns.id);
            let rows = page.rows.into_iter().filter(|row| says_one_of(&kinds, row));
            judged = self.judge_rows(reach, scope, rows, request).await?;
            if page.is_whole {
                return Ok(judged);
            }
        }
        let each_kind = kinds.iter().map(|kind| self.judge_kind(reach, scope, *kind, below, request));
        judged.extend(try_join_all(each_kind).await?.into_iter().flatten());
        Ok(judged)
    }

    /// The secrets of a type below an id.
    async fn judge_kind(
        &self,
        reach: &Restrictions,
        scope: Scope,
        kind: ProviderType,
        mut below: Option<SecretId>,
        request: UseRequest<'_>,
    ) -> Result<Vec<Judged>, Error> {
        let mut judged = Vec::new();
        loop {
            let page = self.read_page(scope, Some(kind), below).await?;
            below = page.rows.last().map(|row| row.columns.id);
            judged.extend(self.judge_rows(reach, scope, page.rows, request).await?);
            if page.is_whole {
                return Ok(judged);
            }
        }
    }

    async fn read_page(
        &self,
        scope: Scope,
        kind: Option<ProviderType>,
        below: Option<SecretId>,
    ) -> Result<SecretPage, Error> {
        let range = SecretRange { above: None, below, kind: kind.map(ProviderType::word) };
        let page = self.store.list_secrets(scope, range, BATCH, BATCH_BYTES).await;
        page.map_err(|error| self.fault(&error))
    }

    /// Opens rows. Left out are those that do not open, have expired, are out of reach, or have nothing to do with the
    /// request.
    async fn judge_rows(
        &self,
        reach: &Restrictions,
        scope: Scope,
        rows: impl IntoIterator<Item = SecretRow>,
        request: UseRequest<'_>,
    ) -> Result<Vec<Judged>, Error> {
        let mut judged = Vec::new();
        for row in rows {
            // What the columns say is proven only when the row opens, which it does not if they say anything else.
            if !reach.allow_secret(&row.columns.name, row.columns.kind.as_deref()) {
                continue;
            }
            let secret = match self.open_row(row).await {
                Ok(secret) => secret,
                Err(Error::Locked) => continue,
                Err(other) => return Err(other),
            };
            let id = secret.columns.id;
            if !secret.columns.is_expired(self.clock.now()) {
                judged.extend(self.usable(scope, secret, request).transpose().map(|outcome| (id, outcome)));
            }
        }
        Ok(judged)
    }
}

/// The types of secrets that may serve a request that names none. Which of them do may depend on their metadata too:
/// a secret of any type may name models of its own.
fn kinds_for(request: UseRequest<'_>) -> Vec<ProviderType> {
    let may_serve = |kind: &ProviderType| {
        request.provider.is_none_or(|wanted| wanted == *kind) && (request.understands)(*kind)
    };
    ProviderType::ALL.into_iter().filter(may_serve).collect()
}

fn says_one_of(kinds: &[ProviderType], row: &SecretRow) -> bool {
    let kind = row.columns.kind.as_deref().and_then(ProviderType::parse);
    kind.is_some_and(|kind| kinds.contains(&kind))
}
