//! Lists of secrets: ranges of ids, and those that have expired.

use keyholt_types::{SecretId, Timestamp};

use super::row::{SecretRow, columns, read_secret};
use crate::param::{Param, Row, params};
use crate::{Scope, Store, StoreError};

/// Which secrets of a collection: ids strictly between two, perhaps of one type.
#[derive(Debug, Clone, Copy)]
pub struct SecretRange<'a> {
    /// Only ids above this one.
    pub above: Option<SecretId>,
    /// Only ids below this one.
    pub below: Option<SecretId>,
    /// Only this type.
    pub kind: Option<&'a str>,
}

/// Between two ids; what is no id, since somebody changed it, is left out and does not end a list.
macro_rules! in_range {
    () => {
        " id > ?3 AND id < ?4 AND length(id) = 16 "
    };
}

/// The same of one type. Compared as a pair, or SQLite takes the primary key instead of the index of types, and reads the
/// rows of all types.
macro_rules! in_range_of_kind {
    () => {
        " kind IS NOT NULL AND (kind, id) > (?6, ?3) AND (kind, id) < (?6, ?4) AND length(id) = 16 "
    };
}

/// The same of those whose metadata may name models.
macro_rules! in_range_of_naming_models {
    () => {
        " names_models IS NOT NULL AND (names_models, id) > (1, ?3) AND (names_models, id) < (1, ?4) AND length(id) = 16 "
    };
}

/// What can be told of a secret without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretHead {
    /// Its id.
    pub id: SecretId,
    /// Its name.
    pub name: Box<str>,
    /// Its type.
    pub kind: Option<Box<str>>,
    /// From when on it does not exist.
    pub expires_at: Option<Timestamp>,
}

/// Secrets of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretPage {
    /// The rows, in the order that was asked for.
    pub rows: Vec<SecretRow>,
    /// Whether the range holds no more than these.
    pub is_whole: bool,
}

impl Store {
    /// Secrets of a range, newest first: at most so many, and no more after so many bytes of details.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_secrets(
        &self,
        scope: Scope,
        range: SecretRange<'_>,
        limit: u32,
        most_bytes: usize,
    ) -> Result<SecretPage, StoreError> {
        let mut params = range_params(scope, range, limit);
        match range.kind {
            None => {
                let sql = concat!(
                    "SELECT ",
                    columns!(),
                    " FROM secrets WHERE org_id = ?1 AND collection_id = ?2 AND",
                    in_range!(),
                    "ORDER BY id DESC LIMIT ?5"
                );
                self.fetch_page(sql, params, limit, most_bytes).await
            }
            // No type has a NUL character.
            Some(kind) if kind.contains('\0') => Ok(SecretPage { rows: Vec::new(), is_whole: true }),
            Some(kind) => {
                params.push(kind.into());
                let sql = concat!(
                    "SELECT ",
                    columns!(),
                    " FROM secrets WHERE org_id = ?1 AND collection_id = ?2 AND",
                    in_range_of_kind!(),
                    "ORDER BY kind DESC, id DESC LIMIT ?5"
                );
                self.fetch_page(sql, params, limit, most_bytes).await
            }
        }
    }

    /// Secrets below an id whose metadata may name models, whatever their types, newest first: at most so many, and no
    /// more after so many bytes of details.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_secrets_naming_models(
        &self,
        scope: Scope,
        below: Option<SecretId>,
        limit: u32,
        most_bytes: usize,
    ) -> Result<SecretPage, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM secrets WHERE org_id = ?1 AND collection_id = ?2 AND",
            in_range_of_naming_models!(),
            "ORDER BY names_models DESC, id DESC LIMIT ?5"
        );
        let params = range_params(scope, SecretRange { above: None, below, kind: None }, limit);
        self.fetch_page(sql, params, limit, most_bytes).await
    }

    async fn fetch_page(
        &self,
        sql: &'static str,
        params: Vec<Param>,
        limit: u32,
        most_bytes: usize,
    ) -> Result<SecretPage, StoreError> {
        let mut bytes = 0;
        let goes_on = |row: &SecretRow| {
            bytes += row.details.len();
            bytes < most_bytes
        };
        let rows = self.fetch_while(sql, params, read_secret, goes_on).await?;
        Ok(SecretPage { is_whole: rows.len() < limit as usize && bytes < most_bytes, rows })
    }

    /// What can be told of secrets of a range without opening them, oldest first, at most so many. A column that is
    /// not as it was written, since somebody changed it, counts as empty: nothing that is shown is taken from here.
    ///
    /// # Errors
    /// When the storage is unavailable or an id is not as it was written.
    pub async fn list_secret_heads(
        &self,
        scope: Scope,
        range: SecretRange<'_>,
        limit: u32,
    ) -> Result<Vec<SecretHead>, StoreError> {
        let read = |row: &Row<'_>| {
            Ok(SecretHead {
                id: row.id(0, SecretId::from_slice)?,
                name: row.text(1).unwrap_or_default(),
                kind: row.opt_text(2).unwrap_or_default(),
                expires_at: row.opt_int(3).unwrap_or_default().map(Timestamp::from_micros),
            })
        };
        let mut params = range_params(scope, range, limit);
        let Some(kind) = range.kind else {
            let sql = concat!(
                "SELECT id, name, kind, expires_at FROM secrets WHERE org_id = ?1 AND collection_id = ?2 AND",
                in_range!(),
                "ORDER BY id LIMIT ?5"
            );
            return self.fetch(sql, params, read).await;
        };
        if kind.contains('\0') {
            return Ok(Vec::new());
        }
        params.push(kind.into());
        let sql = concat!(
            "SELECT id, name, kind, expires_at FROM secrets WHERE org_id = ?1 AND collection_id = ?2 AND",
            in_range_of_kind!(),
            "ORDER BY kind, id LIMIT ?5"
        );
        self.fetch(sql, params, read).await
    }

    /// Secrets of all organisations that have expired by this moment, longest ago first.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_expired_secrets(&self, now: Timestamp, limit: u32) -> Result<Vec<SecretRow>, StoreError> {
        self.fetch(
            concat!(
                "SELECT ",
                columns!(),
                " FROM secrets WHERE expires_at IS NOT NULL AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2"
            ),
            params![now.micros(), i64::from(limit)],
            read_secret,
        )
        .await
    }
}

fn range_params(scope: Scope, range: SecretRange<'_>, limit: u32) -> Vec<Param> {
    let collection = scope.collection();
    // An imported id may be the nil or the highest UUID: the bounds lie outside.
    let below = range.below.map_or_else(|| vec![0xff; 17], |id| id.as_bytes().to_vec());
    let above = range.above.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
    params![
        collection.org().as_bytes(),
        collection.id_bytes(),
        above.as_slice(),
        below.as_slice(),
        i64::from(limit),
    ]
}
