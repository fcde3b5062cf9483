//! A database for one test, on the server of the test run.

use std::io::{self, Error};

use super::programs::{Programs, random_name};
use crate::setting::variable;

/// Where a run's server is told.
const VARIABLE: &str = "KEYHOLT_TEST_POSTGRES";

/// An empty place in the run's PostgreSQL server, removed when this goes.
#[derive(Debug)]
pub struct TestDatabase {
    programs: Programs,
    admin: String,
    url: String,
    removal: String,
}

impl TestDatabase {
    /// A schema of its own in a database that the run's tests share: quick, and enough for a test that looks at its own
    /// tables only. Advisory locks and notifications are the whole database's.
    ///
    /// # Errors
    /// When the run has no server, with what to do; when the server refuses.
    pub fn schema() -> io::Result<Self> {
        let (programs, admin) = server()?;
        let name = format!("test_{}", random_name()?);
        programs.sql(&admin, &format!("CREATE SCHEMA {name}"))?;
        let join = if admin.contains('?') { '&' } else { '?' };
        let url = format!("{admin}{join}options=-c%20search_path%3D{name}");
        // A test that has failed may still hold locks; the server ends with the run in any case.
        let removal = format!("SET lock_timeout = '5s'; DROP SCHEMA {name} CASCADE");
        Ok(Self { programs, admin, url, removal })
    }

    /// A database of its own, for what is not confined to a schema.
    ///
    /// # Errors
    /// As [`schema`](Self::schema).
    pub fn database() -> io::Result<Self> {
        let (programs, admin) = server()?;
        let name = format!("test_{}", random_name()?);
        programs.sql(&admin, &format!("CREATE DATABASE {name}"))?;
        let url = with_database(&admin, &name).ok_or_else(|| Error::other(format!("{VARIABLE} is no URL")))?;
        Ok(Self { programs, admin, url, removal: format!("DROP DATABASE {name} WITH (FORCE)") })
    }

    /// Its URL, as the superuser.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Carries SQL out there, and gives what it answers: columns separated by `|`, a line for each row.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn sql(&self, text: &str) -> io::Result<String> {
        self.programs.sql(&self.url, text)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // What stays goes with the server.
        let _removed = self.programs.sql(&self.admin, &self.removal);
    }
}

fn server() -> io::Result<(Programs, String)> {
    let url = variable(VARIABLE).filter(|url| !url.is_empty()).ok_or_else(|| {
        Error::other(format!(
            "{VARIABLE} is not set. `cargo nextest run` starts a server for tests that have `postgres` or `nodes` in \
             their names, where PostgreSQL is installed (scripts/test installs it); for anything else run \
             `scripts/with-postgres -- COMMAND`"
        ))
    })?;
    Ok((Programs::find()?, url))
}

/// The URL with another database: the path, before the options.
fn with_database(url: &str, name: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (rest, options) = rest.split_once('?').map_or((rest, None), |(rest, options)| (rest, Some(options)));
    let host = rest.split_once('/').map_or(rest, |(host, _)| host);
    let options = options.map_or_else(String::new, |options| format!("?{options}"));
    Some(format!("{scheme}://{host}/{name}{options}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_its_path() {
        let found = |url| with_database(url, "b").unwrap();
        assert_eq!(found("postgres://u:p@h:1/a"), "postgres://u:p@h:1/b");
        assert_eq!(found("postgres://u:p@h:1"), "postgres://u:p@h:1/b");
        assert_eq!(
            found("postgres://h/a?sslmode=disable&host=/run"),
            "postgres://h/b?sslmode=disable&host=/run"
        );
        assert_eq!(with_database("h/a", "b"), None);
    }
}
