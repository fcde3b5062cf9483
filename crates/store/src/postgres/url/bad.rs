//! What is wrong with a URL. No message repeats a piece of it: any piece may belong to the password.

/// The parameters there are, for people.
const KNOWN: &str = "sslmode, sslrootcert, sslcert, sslkey, channel_binding, target_session_attrs, \
     connect_timeout, application_name, options, keepalives, keepalives_idle, keepalives_interval, \
     keepalives_count, tcp_user_timeout, host and port";

/// What is wrong with a database's URL. Reads on after the name of the option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// It is not PostgreSQL's.
    #[error("must begin with postgres:// or postgresql://")]
    Scheme,
    /// A character that divides a URL stands where it cannot divide it.
    #[error(
        "has an @ or # too many; in a user, password or parameter write @ as %40, # as %23, : as %3A, / as %2F, ? as %3F, & as %26"
    )]
    Unescaped,
    /// A part is not text.
    #[error(
        "has {0} that is not text: write % as %25, other characters as % and two hexadecimal digits in UTF-8"
    )]
    NotText(&'static str),
    /// No host.
    #[error("names no host; write postgres://user@host/database")]
    NoHost,
    /// A host or its port cannot be.
    #[error(
        "has a host or port that cannot be: a host is a name, an address ([::1] for IPv6) or a directory of sockets, a port 1 to 65535; in a password write / as %2F, ? as %3F"
    )]
    Host,
    /// Too many hosts.
    #[error("must not name more than 8 hosts")]
    TooManyHosts,
    /// No database.
    #[error("names no database; write postgres://user@host/database")]
    NoDatabase,
    /// A parameter has no value.
    #[error("has no = in its parameter {0}")]
    NoValue(usize),
    /// A parameter that is not known.
    #[error("has a parameter that Keyholt does not know as its parameter {number}; it knows {}", KNOWN)]
    Unknown {
        /// Which, from one.
        number: usize,
    },
    /// Something is said twice.
    #[error("gives {0} twice")]
    Twice(&'static str),
    /// A parameter's value cannot be.
    #[error("has a wrong {name}: it must be {must}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// What it must be.
        must: &'static str,
    },
}
