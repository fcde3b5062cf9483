//! Where a store is, as a command names it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use keyholt_store::{CopySource, CopyTarget, PostgresUrl};
use keyholt_types::Credential;

use crate::config::{Database, Settings, UsageError};
use crate::serve::check_data_dir;

/// A store that is copied from or to.
#[derive(Debug)]
pub(super) enum Place {
    /// A data directory.
    Directory(PathBuf),
    /// A PostgreSQL database.
    Postgres(Box<PostgresUrl>),
}

impl Place {
    /// The one that a server with these settings would serve.
    pub(super) fn of(settings: &Settings) -> Self {
        match &settings.database {
            Database::Sqlite => Self::Directory(settings.data_dir.clone()),
            Database::Postgres(options) => Self::Postgres(Box::new(options.url.clone())),
        }
    }

    /// Reads `sqlite:DIR` or `postgres://…`, as this option gives it.
    ///
    /// # Errors
    /// When it is neither, or has a password, which others can read on a command line; does not repeat it.
    pub(super) fn parse(option: &str, text: &str, password: Option<&Path>) -> Result<Self> {
        if let Some(dir) = text.strip_prefix("sqlite:") {
            if dir.is_empty() || password.is_some() {
                return Err(UsageError(format!("{option}: must be sqlite:DIR, which has no password")).into());
            }
            return Ok(Self::Directory(dir.into()));
        }
        if !text.starts_with("postgres:") && !text.starts_with("postgresql:") {
            let message = format!("{option}: must be sqlite:DIR or postgres://user@host/database");
            return Err(UsageError(message).into());
        }
        let url = PostgresUrl::parse(text).map_err(|problem| UsageError(format!("{option}: {problem}")))?;
        if url.has_password() {
            let message = format!(
                "{option}: has a password, which others can read on a command line; give it with \
                 {option}-password-file"
            );
            return Err(UsageError(message).into());
        }
        Ok(Self::Postgres(Box::new(match password {
            Some(file) => url.with_password(password_in(file)?),
            None => url,
        })))
    }

    /// Whether both are one data directory, by whatever path.
    pub(super) fn is_same_directory(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Directory(one), Self::Directory(other)) => {
                matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
            }
            (Self::Directory(_) | Self::Postgres(_), Self::Postgres(_))
            | (Self::Postgres(_), Self::Directory(_)) => false,
        }
    }

    /// Opens it to be copied.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) async fn source(&self) -> Result<CopySource> {
        Ok(match self {
            Self::Directory(dir) => CopySource::open_directory(dir)?,
            Self::Postgres(url) => CopySource::connect(url).await?,
        })
    }

    /// Opens it to be copied into.
    ///
    /// # Errors
    /// When it is in use, or cannot be written.
    pub(super) async fn target(&self) -> Result<CopyTarget> {
        Ok(match self {
            Self::Directory(dir) => {
                check_data_dir(dir)?;
                CopyTarget::open_directory(dir)?
            }
            Self::Postgres(url) => CopyTarget::connect(url).await?,
        })
    }
}

fn password_in(file: &Path) -> Result<Credential> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
    let line = text.trim_end_matches(['\r', '\n']);
    if line.is_empty() || line.contains(char::is_control) {
        bail!("{shown} must hold the password, in one line, and nothing else");
    }
    Ok(Credential::new(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_directory_or_a_database() {
        let parsed = Place::parse("--from", "sqlite:/var/lib/keyholt", None).unwrap();
        assert!(matches!(parsed, Place::Directory(dir) if dir == Path::new("/var/lib/keyholt")));
        let parsed = Place::parse("--to", "postgres://me@localhost/keyholt", None).unwrap();
        assert!(matches!(parsed, Place::Postgres(_)));
        for wrong in ["", "sqlite:", "/var/lib/keyholt", "mysql://me@localhost/keyholt", "postgres://"] {
            let refused = Place::parse("--to", wrong, None).unwrap_err();
            assert!(refused.is::<UsageError>() && refused.to_string().starts_with("--to: "), "{refused}");
        }
    }

    #[test]
    fn a_password_comes_from_a_file_and_never_from_the_command_line() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("password");
        std::fs::write(&file, "very-private\n").unwrap();
        let url = "postgres://me@localhost/keyholt";
        let place = Place::parse("--to", url, Some(&file)).unwrap();
        assert!(matches!(&place, Place::Postgres(url) if url.has_password()));
        assert!(!format!("{place:?}").contains("private"));
        let refused = Place::parse("--to", "postgres://me:very-private@localhost/keyholt", None).unwrap_err();
        let refused = refused.to_string();
        assert!(refused.contains("--to-password-file") && !refused.contains("private"), "{refused}");
        assert!(Place::parse("--to", "sqlite:dir", Some(&file)).is_err());
        std::fs::write(&file, "\n").unwrap();
        assert!(Place::parse("--to", url, Some(&file)).is_err());
    }
}
