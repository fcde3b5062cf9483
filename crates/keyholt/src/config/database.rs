//! Where the records are: in the data directory, or in a PostgreSQL database that several nodes share.

use std::fs;
use std::path::Path;

use keyholt_store::{PostgresOptions, PostgresUrl};
use keyholt_types::Credential;

use super::UsageError;
use super::options::Options;

/// How many connections to PostgreSQL a node opens when nothing is said.
const CONNECTIONS: u32 = 16;

/// Where the records are.
#[derive(Debug)]
pub(crate) enum Database {
    /// In the embedded database of the data directory.
    Sqlite,
    /// In this PostgreSQL database.
    Postgres(Box<PostgresOptions>),
}

impl Database {
    /// Reads the options about it, and the file of the password.
    ///
    /// # Errors
    /// When one cannot be, or goes with PostgreSQL only; repeats nothing of the URL, which may hold a password.
    pub(super) fn read(options: &Options) -> Result<Self, UsageError> {
        let url = options.database_url.as_ref().map_or("", |url| url.0.as_str());
        let connections = options.database_connections;
        if matches!(url, "" | "sqlite:") {
            return match (&options.database_password_file, connections) {
                (None, None) => Ok(Self::Sqlite),
                (Some(_), _) => Err(without_postgres("database_password_file")),
                (None, Some(_)) => Err(without_postgres("database_connections")),
            };
        }
        if !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
            return Err(UsageError(
                "database_url: must be postgres://user@host/database, or sqlite: for the embedded database, whose \
                 place is said with --data-dir"
                    .to_owned(),
            ));
        }
        let url = PostgresUrl::parse(url).map_err(|problem| UsageError(format!("database_url: {problem}")))?;
        let url = match &options.database_password_file {
            Some(_) if url.has_password() => {
                return Err(UsageError(
                    "both database_url and database_password_file give a password; give one of them".to_owned(),
                ));
            }
            Some(file) => url.with_password(password_in(file)?),
            None => url,
        };
        Ok(Self::Postgres(Box::new(PostgresOptions {
            url,
            connections: match connections.unwrap_or(CONNECTIONS) {
                count @ 4..=512 => usize::try_from(count).unwrap_or(usize::MAX),
                _ => return Err(UsageError("database_connections: must be 4 to 512".to_owned())),
            },
            for_reading: false,
        })))
    }
}

/// Refuses a password in a flag: other users of the machine can read command lines.
///
/// # Errors
/// When there is one.
pub(super) fn check_flag(flags: &Options) -> Result<(), UsageError> {
    let url = flags.database_url.as_ref().map(|url| PostgresUrl::parse(&url.0));
    if !url.is_some_and(|url| url.is_ok_and(|url| url.has_password())) {
        return Ok(());
    }
    Err(UsageError(
        "--database-url: has a password, which others can read on a command line; give it with \
         --database-password-file, or the URL as KEYHOLT_DATABASE_URL"
            .to_owned(),
    ))
}

fn without_postgres(option: &str) -> UsageError {
    UsageError(format!("{option}: goes with a database_url of PostgreSQL only"))
}

/// The file's one line.
fn password_in(file: &Path) -> Result<Credential, UsageError> {
    let shown = file.display();
    let wrong = |problem: &str| UsageError(format!("database_password_file: {shown} {problem}"));
    let text = fs::read_to_string(file).map_err(|problem| wrong(&format!("cannot be read: {problem}")))?;
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() || line.len() > 1024 || line.contains(char::is_control) {
        return Err(wrong("must hold the password, in one line of 1024 bytes at most, and nothing else"));
    }
    Ok(Credential::new(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::values::DatabaseUrl;

    fn read(url: &str, password: Option<&str>, connections: Option<u32>) -> Result<Database, UsageError> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("password");
        if let Some(password) = password {
            fs::write(&file, password).unwrap();
        }
        Database::read(&Options {
            database_url: Some(DatabaseUrl(url.to_owned())),
            database_password_file: password.map(|_| file.clone()),
            database_connections: connections,
            ..Options::default()
        })
    }

    fn postgres(url: &str, password: Option<&str>, connections: Option<u32>) -> PostgresOptions {
        match read(url, password, connections).unwrap() {
            Database::Postgres(options) => *options,
            Database::Sqlite => panic!("{url}"),
        }
    }

    #[test]
    fn the_embedded_database_is_the_default() {
        for url in ["", "sqlite:"] {
            assert!(matches!(read(url, None, None), Ok(Database::Sqlite)));
            let refused = read(url, Some("word"), None).unwrap_err().to_string();
            assert!(refused.starts_with("database_password_file: goes with"), "{refused}");
            let refused = read(url, None, Some(8)).unwrap_err().to_string();
            assert!(refused.starts_with("database_connections: goes with"), "{refused}");
        }
    }

    #[test]
    fn a_password_comes_from_the_url_or_a_file_and_does_not_print() {
        let url = "postgres://me@db/k";
        assert!(!postgres(url, None, None).url.has_password());
        for options in [
            postgres("postgresql://me:very-private@db/k", None, None),
            postgres(url, Some("very-private"), None),
            postgres(url, Some("very-private\n"), None),
            postgres(url, Some("very-private\r\n"), None),
        ] {
            assert!(options.url.has_password() && !format!("{options:?}").contains("private"));
        }
        let refused =
            read("postgres://me:very-private@db/k", Some("very-private"), None).unwrap_err().to_string();
        assert!(refused.contains("give one of them") && !refused.contains("private"), "{refused}");
        for wrong in ["", "\n", "very-private\n\n", "very-private\u{0}", &"p".repeat(1025)] {
            let refused = read(url, Some(wrong), None).unwrap_err().to_string();
            assert!(refused.contains("password must hold") && !refused.contains("private"), "{refused}");
        }
    }

    #[test]
    fn a_password_on_the_command_line_is_refused() {
        let flags =
            |url: &str| Options { database_url: Some(DatabaseUrl(url.to_owned())), ..Options::default() };
        let refused = check_flag(&flags("postgres://me:very-private@db/k")).unwrap_err().to_string();
        assert!(refused.contains("--database-password-file") && !refused.contains("private"), "{refused}");
        for url in ["postgres://me@db/k", "sqlite:", "postgres://"] {
            assert!(check_flag(&flags(url)).is_ok(), "{url}");
        }
        assert!(check_flag(&Options::default()).is_ok());
    }

    #[test]
    fn a_node_has_4_to_512_connections() {
        let url = "postgres://me@db/k";
        for (given, taken) in [(None, 16), (Some(4), 4), (Some(512), 512)] {
            assert_eq!(postgres(url, None, given).connections, taken);
        }
        for wrong in [0, 3, 513] {
            let refused = read(url, None, Some(wrong)).unwrap_err().to_string();
            assert_eq!(refused, "database_connections: must be 4 to 512");
        }
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_repeating_it() {
        for url in
            ["mysql://me:very-private@db/k", "postgres://me:very-private@db", "postgres://me:very-private/k"]
        {
            let refused = read(url, None, None).unwrap_err().to_string();
            assert!(refused.starts_with("database_url: ") && !refused.contains("private"), "{refused}");
        }
    }
}
