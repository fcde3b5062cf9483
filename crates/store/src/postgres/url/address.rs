//! A database's URL, as it was read.

use std::fmt::{self, Debug, Display};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use keyholt_types::Credential;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where the shared database is, and how it is reached. Printing it shows hosts, user and database only.
#[derive(Clone)]
pub struct PostgresUrl {
    pub(super) hosts: Vec<Host>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Arc<Credential>>,
    pub(super) database: String,
    pub(super) encryption: Encryption,
    pub(super) roots: Option<PathBuf>,
    pub(super) client_certificate: Option<ClientCertificate>,
    pub(super) connect_timeout: Duration,
    /// All that is the same for each host; without a password.
    pub(super) common: Config,
    /// What does TLS, once its files have been read.
    pub(super) connector: Arc<OnceLock<MakeRustlsConnect>>,
}

/// One server that may be the primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres) struct Host {
    pub(super) place: Place,
    pub(super) port: u16,
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// By its name or address.
    Tcp(String),
    /// By a socket in this directory.
    Unix(PathBuf),
}

/// What the URL says about TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// Nothing: TLS, but not to this machine itself.
    AsFits,
    /// No TLS.
    Never,
    /// TLS, and the server's certificate is checked for its name.
    Always,
}

/// What this side shows of itself in the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres) struct ClientCertificate {
    /// The certificate and those between it and the root, as PEM.
    pub(in crate::postgres) chain: PathBuf,
    /// Its private key, as PEM.
    pub(in crate::postgres) key: PathBuf,
}

impl PostgresUrl {
    /// The same with this password.
    #[must_use]
    pub fn with_password(self, password: Credential) -> Self {
        Self { password: Some(Arc::new(password)), ..self }
    }

    /// Whether the URL itself has a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// The hosts, as `db1:5432, db2:5432`.
    #[must_use]
    pub fn shown_hosts(&self) -> String {
        self.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// The hosts on other machines to which nothing is encrypted, as in [`Self::shown_hosts`].
    #[must_use]
    pub fn plaintext_hosts(&self) -> Option<String> {
        let bare = |host: &&Host| !host.is_here() && self.ssl_mode(host) == SslMode::Disable;
        let hosts: Vec<_> = self.hosts.iter().filter(bare).map(ToString::to_string).collect();
        (!hosts.is_empty()).then(|| hosts.join(", "))
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The user; without one, the name of the system's user is taken.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The hosts, in the order in which they are asked.
    pub(in crate::postgres) fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// How long one host may take until a connection to it is usable, all its addresses together.
    pub(in crate::postgres) fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// Whether any host is reached over TLS.
    pub(in crate::postgres) fn uses_tls(&self) -> bool {
        self.hosts.iter().any(|host| self.ssl_mode(host) != SslMode::Disable)
    }

    /// The roots to trust instead of the system's, as PEM.
    pub(in crate::postgres) fn roots(&self) -> Option<&Path> {
        self.roots.as_deref()
    }

    /// What this side shows of itself.
    pub(in crate::postgres) fn client_certificate(&self) -> Option<&ClientCertificate> {
        self.client_certificate.as_ref()
    }

    /// What does TLS, once it was made; all copies of this URL share it, and so the sessions it can resume.
    pub(in crate::postgres) fn connector(&self) -> &OnceLock<MakeRustlsConnect> {
        &self.connector
    }

    /// What the driver is told for one host. Holds a copy of the password.
    pub(in crate::postgres) fn config(&self, host: &Host) -> Config {
        let mut config = self.common.clone();
        match &host.place {
            Place::Tcp(name) => config.host(name.as_str()),
            Place::Unix(directory) => config.host_path(directory),
        };
        config.port(host.port).ssl_mode(self.ssl_mode(host));
        if let Some(password) = &self.password {
            #[expect(
                clippy::disallowed_methods,
                reason = "EXPOSE: the driver shows the password to the database"
            )]
            config.password(password.expose());
        }
        config
    }

    fn ssl_mode(&self, host: &Host) -> SslMode {
        match (&host.place, self.encryption) {
            // PostgreSQL does no TLS on sockets, which leave the machine no more than a file does.
            (Place::Unix(_), _) | (_, Encryption::Never) => SslMode::Disable,
            (Place::Tcp(_), Encryption::Always) => SslMode::Require,
            (Place::Tcp(_), Encryption::AsFits) if host.is_here() => SslMode::Disable,
            (Place::Tcp(_), Encryption::AsFits) => SslMode::Require,
        }
    }
}

impl Host {
    /// Whether it is this machine, and what is sent there leaves no network card.
    fn is_here(&self) -> bool {
        match &self.place {
            Place::Unix(_) => true,
            Place::Tcp(name) => {
                name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
            }
        }
    }
}

impl Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp(name) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            Place::Tcp(name) => write!(f, "{name}:{}", self.port),
            // The socket's file, by which it can be looked for.
            Place::Unix(directory) => write!(f, "{}/.s.PGSQL.{}", directory.display(), self.port),
        }
    }
}

impl Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        write!(f, "{}/{}", self.shown_hosts().replace(", ", ","), self.database)
    }
}

impl Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}
