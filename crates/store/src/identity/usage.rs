//! How much was used: totals of each API key's use of each secret.

use keyholt_types::{ApiKeyId, OrgId, SecretId, Timestamp};

use crate::changes::Needs;
use crate::param::{Param, Row, params};
use crate::{OrgScope, Store, StoreError, Uses};

/// What an API key has used of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageRow {
    /// The organisation.
    pub org: OrgId,
    /// The secret.
    pub secret: SecretId,
    /// The API key.
    pub api_key: ApiKeyId,
    /// Requests sent to the provider.
    pub requests: i64,
    /// Those among them that it did not answer, or not with success.
    pub failed: i64,
    /// Bytes of bodies sent to it.
    pub bytes_up: i64,
    /// Bytes of bodies that it sent.
    pub bytes_down: i64,
    /// Tokens that went in, where its answers say so.
    pub input_tokens: i64,
    /// Tokens that came out, where its answers say so.
    pub output_tokens: i64,
    /// The status of its latest answer; 0 when there was none.
    pub last_status: i64,
    /// When it was last sent a request.
    pub last_used_at: Timestamp,
}

/// The columns of `usage` in the order that [`read_usage`] reads.
macro_rules! columns {
    () => {
        "org_id, secret_id, api_key_id, requests, failed, bytes_up, bytes_down, input_tokens, output_tokens, \
         last_status, last_used_at"
    };
}

/// Adds to a total, which stays where it is as large as a number can be: beyond that the databases fail, each in its
/// way.
macro_rules! added {
    ($column:literal) => {
        concat!(
            $column,
            " = CASE WHEN usage.",
            $column,
            " > 9223372036854775807 - excluded.",
            $column,
            " THEN 9223372036854775807 ELSE usage.",
            $column,
            " + excluded.",
            $column,
            " END, "
        )
    };
}

/// Takes what is later: nodes write theirs down in any order.
macro_rules! later {
    ($column:literal) => {
        concat!(
            $column,
            " = CASE WHEN excluded.last_used_at >= usage.last_used_at THEN excluded.",
            $column,
            " ELSE usage.",
            $column,
            " END"
        )
    };
}

impl Uses {
    /// Adds to the totals.
    pub fn spent(self, row: &UsageRow) -> Self {
        self.push(
            concat!(
                "INSERT INTO usage (",
                columns!(),
                ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (org_id, secret_id, api_key_id) DO UPDATE SET ",
                added!("requests"),
                added!("failed"),
                added!("bytes_up"),
                added!("bytes_down"),
                added!("input_tokens"),
                added!("output_tokens"),
                later!("last_status"),
                ", ",
                later!("last_used_at"),
            ),
            params![
                row.org.as_bytes(),
                row.secret.as_bytes(),
                row.api_key.as_bytes(),
                row.requests,
                row.failed,
                row.bytes_up,
                row.bytes_down,
                row.input_tokens,
                row.output_tokens,
                row.last_status,
                row.last_used_at.micros(),
            ],
            Needs::Any,
        )
    }

    /// Erases credentials for a short time that ended before this moment, some at a time.
    pub fn forget_ended_credentials(self, before: Timestamp) -> Self {
        let params = || params![before.micros()];
        self.push(
            "DELETE FROM api_key_uses WHERE api_key_id IN (SELECT id FROM api_keys
                 WHERE parent_id IS NOT NULL AND expires_at < ?1 ORDER BY expires_at, id LIMIT 500)",
            params(),
            Needs::Any,
        )
        .push(
            "DELETE FROM api_key_grants WHERE api_key_id IN (SELECT id FROM api_keys
                 WHERE parent_id IS NOT NULL AND expires_at < ?1 ORDER BY expires_at, id LIMIT 500)",
            params(),
            Needs::Any,
        )
        .push(
            "DELETE FROM api_keys WHERE id IN (SELECT id FROM api_keys
                 WHERE parent_id IS NOT NULL AND expires_at < ?1 ORDER BY expires_at, id LIMIT 500)",
            params(),
            Needs::Any,
        )
    }
}

impl Store {
    /// An organisation's totals, or those of one API key there, in the order of secrets and API keys, after a place.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_usage(
        &self,
        scope: OrgScope,
        api_key: Option<ApiKeyId>,
        after: Option<(SecretId, ApiKeyId)>,
        limit: u32,
    ) -> Result<Vec<UsageRow>, StoreError> {
        let (secret, after_key) = after.unzip();
        let mut params = vec![
            Param::from(scope.org().as_bytes()),
            Param::Blob(secret.map_or_else(Vec::new, |id| id.as_bytes().to_vec())),
            Param::Blob(after_key.map_or_else(Vec::new, |id| id.as_bytes().to_vec())),
            Param::Int(i64::from(limit)),
        ];
        let Some(api_key) = api_key else {
            let sql = concat!(
                "SELECT ",
                columns!(),
                " FROM usage WHERE org_id = ?1 AND (secret_id, api_key_id) > (?2, ?3)
                 ORDER BY secret_id, api_key_id LIMIT ?4"
            );
            return self.fetch(sql, params, read_usage).await;
        };
        // Beyond every id. Compared as a pair, or SQLite takes the primary key instead of the index of API keys, and
        // reads the rows of all of them.
        params.extend(params![api_key.as_bytes(), vec![0xff; 17].as_slice()]);
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM usage WHERE org_id = ?1 AND (api_key_id, secret_id) >= (?5, ?2) AND (api_key_id, secret_id) < (?5, ?6)
                 AND (secret_id, api_key_id) > (?2, ?3)
             ORDER BY api_key_id, secret_id LIMIT ?4"
        );
        self.fetch(sql, params, read_usage).await
    }
}

fn read_usage(row: &Row<'_>) -> Result<UsageRow, StoreError> {
    Ok(UsageRow {
        org: row.id(0, OrgId::from_slice)?,
        secret: row.id(1, SecretId::from_slice)?,
        api_key: row.id(2, ApiKeyId::from_slice)?,
        requests: row.int(3)?,
        failed: row.int(4)?,
        bytes_up: row.int(5)?,
        bytes_down: row.int(6)?,
        input_tokens: row.int(7)?,
        output_tokens: row.int(8)?,
        last_status: row.int(9)?,
        last_used_at: Timestamp::from_micros(row.int(10)?),
    })
}
