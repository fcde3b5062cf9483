//! Principals: users and service accounts.

use keyholt_types::{ApiKeyId, PrincipalId, Timestamp};

use crate::changes::{Changes, Needs};
use crate::param::{Row, params};
use crate::{OrgScope, Store, StoreError, Unmet};

/// What a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A person.
    User,
    /// A program.
    ServiceAccount,
}

impl PrincipalKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::User, Self::ServiceAccount];

    /// The stored and shown word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ServiceAccount => "service_account",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Whose tokens stand for a principal, and the subject that they name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSubject {
    /// The issuer.
    pub issuer: Box<str>,
    /// The subject, unique with its issuer.
    pub subject: Box<str>,
}

/// A user or a service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalRow {
    /// Its id.
    pub id: PrincipalId,
    /// What it is.
    pub kind: PrincipalKind,
    /// Its name.
    pub name: Box<str>,
    /// Its electronic mail address; never used to tell who somebody is.
    pub email: Option<Box<str>>,
    /// Where it comes from, when tokens of others stand for it.
    pub token: Option<TokenSubject>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The row's version, 1 at first.
    pub version: i64,
}

macro_rules! principal_columns {
    () => {
        "p.id, p.kind, p.name, p.email, p.issuer, p.subject, p.created_at, p.version"
    };
}
pub(super) use principal_columns;

impl Changes {
    /// Adds a principal; [`Unmet::Taken`] when there is one of the same token's subject.
    pub fn insert_principal(self, row: &PrincipalRow) -> Self {
        self.push(
            "INSERT INTO principals (id, kind, name, email, issuer, subject, created_at, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
            params![
                row.id.as_bytes(),
                row.kind.word(),
                &*row.name,
                row.email.as_deref(),
                row.token.as_ref().map(|token| &*token.issuer),
                row.token.as_ref().map(|token| &*token.subject),
                row.created_at.micros(),
                row.version,
            ],
            Needs::OneRow { none: Unmet::Taken },
        )
    }

    /// Writes name and address of a principal of the version before; [`Unmet::Stale`] when it is of another.
    pub fn update_principal(self, row: &PrincipalRow) -> Self {
        self.push(
            "UPDATE principals SET name = ?2, email = ?3, version = ?4 WHERE id = ?1 AND version = ?5",
            params![row.id.as_bytes(), &*row.name, row.email.as_deref(), row.version, row.version - 1],
            Needs::OneRow { none: Unmet::Stale },
        )
    }
}

impl Store {
    /// A principal by its id. Not bound to an organisation: who may know of it follows from its memberships.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_principal(&self, id: PrincipalId) -> Result<Option<PrincipalRow>, StoreError> {
        let sql = concat!("SELECT ", principal_columns!(), " FROM principals p WHERE p.id = ?1");
        self.fetch_one(sql, params![id.as_bytes()], |row| read_principal(row, 0)).await
    }

    /// The principal that an issuer's tokens with this subject stand for.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn find_principal_by_subject(
        &self,
        token: &TokenSubject,
    ) -> Result<Option<PrincipalRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            principal_columns!(),
            " FROM principals p WHERE p.issuer = ?1 AND p.subject = ?2"
        );
        self.fetch_one(sql, params![&*token.issuer, &*token.subject], |row| read_principal(row, 0)).await
    }

    /// The principals that an organisation's API keys stand for, from the oldest of these keys to the newest, both
    /// included; each with whether it is a member of the organisation. In no order.
    ///
    /// # Errors
    /// When the storage is unavailable or a row is not as it was written.
    pub async fn list_principals_of_api_keys(
        &self,
        scope: OrgScope,
        oldest: ApiKeyId,
        newest: ApiKeyId,
    ) -> Result<Vec<(PrincipalRow, bool)>, StoreError> {
        let sql = concat!(
            "SELECT m.principal_id, ",
            principal_columns!(),
            " FROM principals p LEFT JOIN memberships m ON m.org_id = ?1 AND m.principal_id = p.id \
             WHERE p.id IN (SELECT k.principal_id FROM api_key_grants g JOIN api_keys k ON k.id = g.api_key_id \
             WHERE g.org_id = ?1 AND g.api_key_id >= ?2 AND g.api_key_id <= ?3)"
        );
        let params = params![scope.org().as_bytes(), oldest.as_bytes(), newest.as_bytes()];
        let read = |row: &Row<'_>| {
            let member = row.opt_id(0, PrincipalId::from_slice)?;
            Ok((read_principal(row, 1)?, member.is_some()))
        };
        self.fetch(sql, params, read).await
    }
}

/// Reads the columns of a principal from this one on.
pub(super) fn read_principal(row: &Row<'_>, first: usize) -> Result<PrincipalRow, StoreError> {
    let token = match (row.opt_text(first + 4)?, row.opt_text(first + 5)?) {
        (Some(issuer), Some(subject)) => Some(TokenSubject { issuer, subject }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(StoreError::Malformed("subject")),
    };
    Ok(PrincipalRow {
        id: row.id(first, PrincipalId::from_slice)?,
        kind: PrincipalKind::parse(&row.text(first + 1)?).ok_or(StoreError::Malformed("kind"))?,
        name: row.text(first + 2)?,
        email: row.opt_text(first + 3)?,
        token,
        created_at: Timestamp::from_micros(row.int(first + 6)?),
        version: row.int(first + 7)?,
    })
}
