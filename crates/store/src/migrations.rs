//! The schema's versions, oldest first. A version that has been released is never edited.

/// Every version with its text, in the words that `dialect` translates.
pub(crate) const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../migrations/0001_foundation.sql")),
    (2, include_str!("../migrations/0002_identity.sql")),
    (3, include_str!("../migrations/0003_use.sql")),
    (4, include_str!("../migrations/0004_nodes.sql")),
    (5, include_str!("../migrations/0005_credentials.sql")),
    (6, include_str!("../migrations/0006_names.sql")),
    (7, include_str!("../migrations/0007_models.sql")),
];

/// The newest version known.
pub(crate) const NEWEST: i64 = MIGRATIONS.len() as i64;

/// The table that holds which versions have been applied.
pub(crate) const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL PRIMARY KEY)";
