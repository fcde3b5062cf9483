//! The options of the server, each declared once: as a flag here, and by its name as a variable and a line
//! in the file.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use keyholt_types::AddressRange;
use serde::Deserialize;

use super::limits::Limits;
use super::models::ModelRule;
use super::values::{DatabaseUrl, LogFormat, LogLevel, MetricsListen, address_ranges};

/// What is said of all options below the list of them.
pub(crate) const SOURCES: &str = "\
Every option may also be given as a variable or in a file: --data-dir is KEYHOLT_DATA_DIR, and in
keyholt.toml it is data_dir = \"...\". Lists are separated by commas in a variable and are arrays in
the file; --cors-origins is cors.origins there, and --limits-per-org is limits.per_org. A flag wins
over a variable, a variable over the file. An empty variable counts as none. Paths are relative to
the working directory.

Only in the file, which providers serve models that they are not known for, by how their names begin:
  [[models]]
  prefix = \"acme-\"
  providers = [\"ollama\"]

Only as variables, because others can read a command line:
  KEYHOLT_ROOT_KEY           The root key itself in place of a file. It stays visible in
                             /proc/PID/environ to root and, until the server has closed itself
                             to them, to processes of the same user: a file is better.
  KEYHOLT_BOOTSTRAP_API_KEY  The first API key, in place of one that is made. Read on an empty
                             store only.
  KEYHOLT_BOOTSTRAP_ORG      The name of the first organisation [default: default]. Read on an
                             empty store only.";

/// Where the file is.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConfigFile {
    /// The configuration file [variable KEYHOLT_CONFIG; default: ./keyholt.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// The options of the server. What is none was not given.
#[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Options {
    /// Where to serve; port 0 picks a free one [default: 127.0.0.1:8787]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) listen: Option<SocketAddr>,

    /// Where the data are; made when missing, for its owner alone [default: ./keyholt-data]. With PostgreSQL nothing
    /// lies there; the root key is beside it all the same, unless --root-key-file says where
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,

    /// The database: `sqlite:` for the embedded one in the data directory, or postgres://user@host/database for one that
    /// several nodes share; see docs/postgresql.md [default: sqlite:]
    #[arg(long, value_name = "URL")]
    pub(super) database_url: Option<DatabaseUrl>,

    /// The file with the password of the database's user, in place of one in the URL
    #[arg(long, value_name = "FILE")]
    pub(super) database_password_file: Option<PathBuf>,

    /// How many connections to PostgreSQL this node opens, 4 to 512 [default: 16]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(4..=512))]
    pub(super) database_connections: Option<u32>,

    /// The file with the root key; keep a copy of it apart from the data [default: DIR.root-key]
    #[arg(long, value_name = "FILE")]
    pub(super) root_key_file: Option<PathBuf>,

    /// Where GET /metrics is served, or off [default: 127.0.0.1:9787]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) metrics_listen: Option<MetricsListen>,

    /// The URL under which clients reach the server, where it is another than the address
    #[arg(long, value_name = "URL")]
    pub(super) public_url: Option<String>,

    /// The URL of the AI proxy that clients are told of
    #[arg(long, value_name = "URL")]
    pub(super) proxy_url: Option<String>,

    /// Serve TLS with the certificates of this PEM file, the server's own first
    #[arg(long, value_name = "FILE")]
    pub(super) tls_cert: Option<PathBuf>,

    /// The private key of the certificate, PEM
    #[arg(long, value_name = "FILE")]
    pub(super) tls_key: Option<PathBuf>,

    /// Options of the doors for browsers.
    #[command(flatten)]
    pub(super) cors: Cors,

    /// Proxies whose X-Forwarded-For and Forwarded are believed: addresses or networks [default: none]
    #[arg(long, value_name = "ADDR[/BITS]", value_delimiter = ',')]
    #[serde(deserialize_with = "address_ranges")]
    pub(super) forwarders: Option<Vec<AddressRange>>,

    /// From where the right to use suffices to be given values: addresses or networks of AI proxies [default: none]
    #[arg(long, value_name = "ADDR[/BITS]", value_delimiter = ',')]
    #[serde(deserialize_with = "address_ranges")]
    pub(super) resolve_proxies: Option<Vec<AddressRange>>,

    /// Options on where the gateway may send requests.
    #[command(flatten)]
    pub(super) egress: Egress,

    /// Which providers serve models whose names begin so; in the file only.
    #[arg(skip)]
    pub(super) models: Option<Vec<ModelRule>>,

    /// Options on how much is let through.
    #[command(flatten)]
    pub(super) limits: Limits,

    /// The file that says which issuers' JSON Web Tokens are taken as credentials [default: none]
    #[arg(long, value_name = "FILE")]
    pub(super) jwt_issuers: Option<PathBuf>,

    /// Allow to serve without TLS on an address that other machines reach, as behind a proxy that does TLS
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub(super) insecure_plaintext: Option<bool>,

    /// How log lines are written [default: human]
    #[arg(long, value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,

    /// The least important lines that are logged [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub(super) log_level: Option<LogLevel>,

    /// Log a line for each request; it costs about as much as the request itself
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub(super) access_log: Option<bool>,

    /// Keep all memory out of swap; needs an unlimited RLIMIT_MEMLOCK
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub(super) mlockall: Option<bool>,

    /// How many earlier versions of a value are kept, 0 to 100 [default: 2]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(0..=100))]
    pub(super) versions_kept: Option<u32>,
}

/// The options for browsers, a table of their own in the file.
#[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Cors {
    /// Origins whose pages may read answers, as browsers send them: https://console.example [default: none]
    #[arg(id = "cors_origins", long = "cors-origins", value_name = "ORIGIN", value_delimiter = ',')]
    pub(super) origins: Option<Vec<String>>,
}

/// The options on where the gateway may send requests, a table of their own in the file.
#[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Egress {
    /// Hosts that the gateway may reach besides the public internet over https, such as a model on the local network:
    /// models.example, 10.0.3.4:11434 [default: none]
    #[arg(id = "egress_allow", long = "egress-allow", value_name = "HOST[:PORT]", value_delimiter = ',')]
    pub(super) allow: Option<Vec<String>>,

    /// Certificates of authorities, PEM, that are believed for the hosts of --egress-allow beside the system's, and for
    /// no others [default: none]
    #[arg(id = "egress_ca", long = "egress-ca", value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

impl Options {
    /// These options, and those of another source where these do not say anything.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            listen: self.listen.or(other.listen),
            data_dir: self.data_dir.or(other.data_dir),
            database_url: self.database_url.or(other.database_url),
            database_password_file: self.database_password_file.or(other.database_password_file),
            database_connections: self.database_connections.or(other.database_connections),
            root_key_file: self.root_key_file.or(other.root_key_file),
            metrics_listen: self.metrics_listen.or(other.metrics_listen),
            public_url: self.public_url.or(other.public_url),
            proxy_url: self.proxy_url.or(other.proxy_url),
            tls_cert: self.tls_cert.or(other.tls_cert),
            tls_key: self.tls_key.or(other.tls_key),
            cors: Cors { origins: self.cors.origins.or(other.cors.origins) },
            forwarders: self.forwarders.or(other.forwarders),
            resolve_proxies: self.resolve_proxies.or(other.resolve_proxies),
            egress: Egress {
                allow: self.egress.allow.or(other.egress.allow),
                ca: self.egress.ca.or(other.egress.ca),
            },
            models: self.models.or(other.models),
            limits: self.limits.or(other.limits),
            jwt_issuers: self.jwt_issuers.or(other.jwt_issuers),
            insecure_plaintext: self.insecure_plaintext.or(other.insecure_plaintext),
            log_format: self.log_format.or(other.log_format),
            log_level: self.log_level.or(other.log_level),
            access_log: self.access_log.or(other.access_log),
            mlockall: self.mlockall.or(other.mlockall),
            versions_kept: self.versions_kept.or(other.versions_kept),
        }
    }
}
