//! Whether a store is a copy that did not come to its end.

use keyholt_types::DeploymentId;

use crate::param::params;
use crate::{Store, StoreError};

impl Store {
    /// The installation that is being copied into this store, if it is not whole yet: it must not be served.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_unfinished_copy(&self) -> Result<Option<DeploymentId>, StoreError> {
        let sql = "SELECT deployment_id FROM unfinished_copies";
        self.fetch_one(sql, params![], |row| row.id(0, DeploymentId::from_slice)).await
    }
}
