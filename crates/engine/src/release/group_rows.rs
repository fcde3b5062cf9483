//! Reading the rows of groups.

use keyholt_store::{Scope, SecretPage, SecretRange, SecretRow};
use keyholt_types::SecretId;

use super::group::Group;
use crate::{Engine, Error};

/// How many rows are read at a time.
const BATCH: u32 = 100;

/// How many bytes of details are read at a time, so that rows that are large do not take much memory.
const BATCH_BYTES: usize = 256 * 1024;

/// The rows of groups, a batch at a time, each row once.
pub(super) struct GroupRows<'a> {
    engine: &'a Engine,
    scope: Scope,
    groups: &'a [Group],
    /// How many of the groups have been read to their ends.
    ended: usize,
    below: Option<SecretId>,
}

impl<'a> GroupRows<'a> {
    pub(super) const fn new(engine: &'a Engine, scope: Scope, groups: &'a [Group]) -> Self {
        Self { engine, scope, groups, ended: 0, below: None }
    }

    /// The next of them; none when that were all.
    ///
    /// # Errors
    /// When the storage is unavailable.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<SecretRow>>, Error> {
        let Some(group) = self.groups.get(self.ended) else { return Ok(None) };
        if self.below.is_some() {
            // Opening a batch takes a millisecond, which whoever waits for this thread has to wait as well.
            tokio::task::yield_now().await;
        }
        let (store, below) = (&self.engine.store, self.below);
        let range = |kind| SecretRange { above: None, below, kind };
        let page = match group {
            Group::All => store.list_secrets(self.scope, range(None), BATCH, BATCH_BYTES).await,
            Group::OfType(provider) => {
                store.list_secrets(self.scope, range(Some(provider.word())), BATCH, BATCH_BYTES).await
            }
            Group::NamingModels => {
                store.list_secrets_naming_models(self.scope, below, BATCH, BATCH_BYTES).await
            }
        };
        let SecretPage { mut rows, is_whole } = page.map_err(|error| self.engine.fault(&error))?;
        self.below = rows.last().map(|row| row.columns.id);
        let read = self.groups.get(..self.ended).unwrap_or_default();
        rows.retain(|row| !read.iter().any(|group| group.holds(row)));
        if is_whole {
            self.ended += 1;
            self.below = None;
        }
        Ok(Some(rows))
    }
}
