//! Where a store is, as a command names it.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use keyholt_store::{CopySource, CopyTarget, PostgresUrl};
use keyholt_types::Credential;

use crate::config::{Database, Settings, UsageError};
use crate::output::visible;
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

    /// Opens it to be copied into. These files may lie in a directory that is else empty.
    ///
    /// # Errors
    /// When it is in use, holds anything that is not of a store, or cannot be written.
    pub(super) async fn target(&self, may_lie_there: &[&Path]) -> Result<CopyTarget> {
        Ok(match self {
            Self::Directory(dir) => {
                check_data_dir(dir)?;
                check_empty(dir, may_lie_there)?;
                CopyTarget::open_directory(dir)?
            }
            Self::Postgres(url) => CopyTarget::connect(url).await?,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(dir) => dir.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

/// What an earlier go at the copy may have left, and what file systems make by themselves.
const OF_A_STORE: [&str; 6] =
    ["keyholt.db", "keyholt.db-wal", "keyholt.db-shm", "keyholt.db-journal", "lock", "lost+found"];

/// A directory with other things in it is probably not the one that is meant.
fn check_empty(dir: &Path, may_lie_there: &[&Path]) -> Result<()> {
    let shown = dir.display();
    let entries = match fs::read_dir(dir) {
        Err(problem) if problem.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("{shown} cannot be read"))?,
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("{shown} cannot be read"))?;
        let (name, path) = (entry.file_name(), entry.path());
        let is_same = |other: &&Path| matches!((path.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other);
        if !OF_A_STORE.iter().any(|own| name == *own) && !may_lie_there.iter().any(is_same) {
            let name = name.to_string_lossy();
            bail!("{shown} is not empty ({} lies there): give an empty directory", visible(&name));
        }
    }
    Ok(())
}

fn password_in(file: &Path) -> Result<Credential> {
    let shown = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
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
    fn a_directory_is_copied_into_when_only_a_store_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let (dir, root_key) = (directory.path(), directory.path().join("root-key"));
        assert!(check_empty(&dir.join("missing"), &[]).is_ok());
        for own in OF_A_STORE {
            fs::write(dir.join(own), "").unwrap();
        }
        assert!(check_empty(dir, &[&root_key]).is_ok());
        fs::write(&root_key, "").unwrap();
        assert!(check_empty(dir, &[&dir.join(".").join("root-key")]).is_ok());
        for other in ["root-key", "keyholt.db-old", ".hidden", "notes\u{1b}[2J"] {
            fs::write(dir.join(other), "").unwrap();
            let refused = check_empty(dir, &[]).unwrap_err().to_string();
            assert!(refused.ends_with("give an empty directory") && !refused.contains('\u{1b}'), "{refused}");
            fs::remove_file(dir.join(other)).unwrap();
        }
    }

    #[test]
    fn a_password_comes_from_a_file_and_never_from_the_command_line() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("password");
        fs::write(&file, "very-private\n").unwrap();
        let url = "postgres://me@localhost/keyholt";
        let place = Place::parse("--to", url, Some(&file)).unwrap();
        assert!(matches!(&place, Place::Postgres(url) if url.has_password()));
        assert!(!format!("{place:?}").contains("private"));
        let refused = Place::parse("--to", "postgres://me:very-private@localhost/keyholt", None).unwrap_err();
        let refused = refused.to_string();
        assert!(refused.contains("--to-password-file") && !refused.contains("private"), "{refused}");
        assert!(Place::parse("--to", "sqlite:dir", Some(&file)).is_err());
        fs::write(&file, "\n").unwrap();
        assert!(Place::parse("--to", url, Some(&file)).is_err());
    }
}
