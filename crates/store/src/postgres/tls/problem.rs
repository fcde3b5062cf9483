//! Why there is no connection: one line that says what is wrong and what to do. Never the password, never the URL.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::postgres::url::PostgresUrl;

/// Why there is no connection to the shared database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::postgres) enum ConnectProblem {
    /// Nobody answers there.
    #[error(
        "the database server {at} cannot be reached ({problem}); check that it runs and that the host and port are right"
    )]
    Unreachable {
        /// Host and port.
        at: String,
        /// What the system said.
        problem: String,
    },
    /// It starts or stops, or recovers.
    #[error("the database server {at} takes no connections yet ({problem}); wait until it has started")]
    NotReady {
        /// Host and port.
        at: String,
        /// What the server said.
        problem: String,
    },
    /// It is a standby, or read-only.
    #[error(
        "the database server {at} is a standby or read-only; name the primary in the database URL, or all servers of its cluster, separated by commas"
    )]
    NotWritable {
        /// Host and port.
        at: String,
    },
    /// Its connections are used up.
    #[error(
        "the database server {at} has no connection left ({problem}); raise its max_connections or the role's CONNECTION LIMIT, or lower --database-connections of the servers"
    )]
    TooManyConnections {
        /// Host and port.
        at: String,
        /// What the server said.
        problem: String,
    },
    /// The password is wrong.
    #[error(
        "the database server {at} refuses the password of {user}; check the user, and the password in the URL or in --database-password-file"
    )]
    WrongPassword {
        /// Host and port.
        at: String,
        /// The user.
        user: String,
    },
    /// A password is wanted.
    #[error("the database server {at} asks {user} for a password; give --database-password-file")]
    NoPassword {
        /// Host and port.
        at: String,
        /// The user.
        user: String,
    },
    /// The user may not come in.
    #[error(
        "the database server {at} does not let {user} in ({problem}); check its pg_hba.conf and the role's rights"
    )]
    NotLetIn {
        /// Host and port.
        at: String,
        /// The user.
        user: String,
        /// What the server said.
        problem: String,
    },
    /// There is no such database.
    #[error(
        "the database server {at} has no database {database}; make it with CREATE DATABASE, or name another"
    )]
    NoDatabase {
        /// Host and port.
        at: String,
        /// The database.
        database: String,
    },
    /// The server has no TLS.
    #[error(
        "the database server {at} offers no TLS; turn it on there (ssl = on), or give sslmode=disable if nobody can listen in between"
    )]
    NoTls {
        /// Host and port.
        at: String,
    },
    /// The server's certificate is not trusted.
    #[error(
        "the certificate of the database server {at} is not trusted ({problem}); name its authority with sslrootcert=FILE, or the host as the certificate does"
    )]
    Certificate {
        /// Host and port.
        at: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Another fault of TLS.
    #[error("TLS with the database server {at} failed ({problem}); check the TLS settings of both sides")]
    Tls {
        /// Host and port.
        at: String,
        /// What went wrong.
        problem: String,
    },
    /// A file of certificates or keys cannot be used.
    #[error("{parameter}: {} cannot be used ({problem}); it must be a PEM file that keyholt may read", file.display())]
    File {
        /// The URL's parameter.
        parameter: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The system's roots cannot be used.
    #[error(
        "the system's certificate authorities cannot be used ({problem}); install ca-certificates, or give sslrootcert=FILE"
    )]
    Roots {
        /// What is wrong with them.
        problem: String,
    },
    /// Anything else.
    #[error("the database server {at} refuses the connection ({problem})")]
    Refused {
        /// Host and port.
        at: String,
        /// What the server or the driver said.
        problem: String,
    },
}

impl ConnectProblem {
    /// What the driver's error means, for the host that is shown so.
    pub(super) fn of(url: &PostgresUrl, at: String, error: &Error) -> Self {
        if let Some(said) = error.as_db_error() {
            return Self::said_by_server(url, at, said);
        }
        let Some(source) = error.source() else { return Self::Refused { at, problem: error.to_string() } };
        match source.downcast_ref::<io::Error>() {
            Some(problem) => Self::met_on_the_way(at, problem),
            None => match source.to_string() {
                // The driver has no type for these two; tests hold its words.
                words if words == "server does not support TLS" => Self::NoTls { at },
                words if words == "password missing" => Self::NoPassword { at, user: user_of(url) },
                words => Self::Refused { at, problem: one_line(&words) },
            },
        }
    }

    fn said_by_server(url: &PostgresUrl, at: String, said: &DbError) -> Self {
        let problem = one_line(said.message());
        let is = |codes: &[SqlState]| codes.contains(said.code());
        if is(&[SqlState::INVALID_PASSWORD]) {
            Self::WrongPassword { at, user: user_of(url) }
        } else if is(&[SqlState::INVALID_AUTHORIZATION_SPECIFICATION, SqlState::INSUFFICIENT_PRIVILEGE]) {
            Self::NotLetIn { at, user: user_of(url), problem }
        } else if is(&[SqlState::INVALID_CATALOG_NAME]) {
            Self::NoDatabase { at, database: url.database().to_owned() }
        } else if is(&[SqlState::TOO_MANY_CONNECTIONS]) {
            Self::TooManyConnections { at, problem }
        } else if is(&[SqlState::CANNOT_CONNECT_NOW, SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN]) {
            Self::NotReady { at, problem }
        } else {
            Self::Refused { at, problem: format!("{} {problem}", said.code().code()) }
        }
    }

    fn met_on_the_way(at: String, problem: &io::Error) -> Self {
        let tls = problem.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match tls {
            Some(rustls::Error::InvalidCertificate(_)) => {
                Self::Certificate { at, problem: one_line(&problem.to_string()) }
            }
            Some(_) => Self::Tls { at, problem: one_line(&problem.to_string()) },
            // The driver's own finding, where a refusal of the system has a number.
            None if problem.kind() == io::ErrorKind::PermissionDenied && problem.raw_os_error().is_none() => {
                Self::NotWritable { at }
            }
            None => Self::Unreachable { at, problem: one_line(&problem.to_string()) },
        }
    }

    /// Of the problems of two hosts, the one that says more about why none serves: a server that was reached
    /// says more than one that was not.
    pub(super) fn or_more_telling(self, other: Self) -> Self {
        if other.weight() > self.weight() { other } else { self }
    }

    fn weight(&self) -> u8 {
        match self {
            Self::Unreachable { .. } => 0,
            Self::NotReady { .. } => 1,
            Self::NotWritable { .. } => 2,
            Self::TooManyConnections { .. } => 3,
            Self::WrongPassword { .. }
            | Self::NoPassword { .. }
            | Self::NotLetIn { .. }
            | Self::NoDatabase { .. }
            | Self::NoTls { .. }
            | Self::Certificate { .. }
            | Self::Tls { .. }
            | Self::File { .. }
            | Self::Roots { .. }
            | Self::Refused { .. } => 4,
        }
    }
}

fn user_of(url: &PostgresUrl) -> String {
    url.user().map_or_else(|| "the user of this process".to_owned(), ToOwned::to_owned)
}

/// What others said, in one line of bounded length.
fn one_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|character| !character.is_control()).take(300).collect()
}
