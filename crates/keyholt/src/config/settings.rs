//! The settings of the server: options of all sources merged, defaults filled in, checked.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use keyholt_engine::RateLimits;
use keyholt_engine::providers::ModelRules;
use keyholt_gateway::egress::EgressPolicy;
use keyholt_types::{AddressRange, Credential, JwtIssuer, OrgName};
use reqwest::Url;

use super::egress::egress_policy;
use super::limits::ConnectionLimits;
use super::models::model_rules;
use super::values::MetricsListen;
use super::{ConfigFile, Database, Environment, LogFormat, LogLevel, Options, UsageError, database, file, jwt};

/// The settings of the server.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The file that options were read from.
    pub(crate) config_file: Option<PathBuf>,
    /// Where to serve.
    pub(crate) listen: SocketAddr,
    /// Where metrics are published.
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Where the records are.
    pub(crate) database: Database,
    /// Where the data are, unless a PostgreSQL database has them.
    pub(crate) data_dir: PathBuf,
    /// Whether that was said.
    pub(crate) is_data_dir_given: bool,
    /// Where the root key is.
    pub(crate) root_key: RootKeySource,
    /// The URL under which clients reach the server.
    pub(crate) public_url: Option<String>,
    /// The URL of the AI proxy that clients are told of.
    pub(crate) proxy_url: Option<String>,
    /// The certificate, if TLS is served.
    pub(crate) tls: Option<TlsFiles>,
    /// Origins whose pages may read answers.
    pub(crate) cors_origins: Vec<String>,
    /// Proxies whose word on a client's address is believed.
    pub(crate) forwarders: Vec<AddressRange>,
    /// From where the right to use suffices to be given values.
    pub(crate) resolve_proxies: Vec<AddressRange>,
    /// Hosts that the gateway may reach besides the public internet.
    pub(crate) egress: EgressPolicy,
    /// Which providers serve which models.
    pub(crate) models: ModelRules,
    /// How much is let through.
    pub(crate) limits: RateLimits,
    /// How many connections there may be.
    pub(crate) connections: ConnectionLimits,
    /// Issuers whose tokens are credentials.
    pub(crate) jwt_issuers: Vec<JwtIssuer>,
    /// Whether other machines may be served without TLS.
    pub(crate) insecure_plaintext: bool,
    /// How log lines are written.
    pub(crate) log_format: LogFormat,
    /// The least important lines that are logged.
    pub(crate) log_level: LogLevel,
    /// Whether each request is logged.
    pub(crate) access_log: bool,
    /// Whether all memory is kept out of swap.
    pub(crate) mlockall: bool,
    /// How many earlier versions of a value are kept.
    pub(crate) versions_kept: u32,
    /// What an empty store begins with.
    pub(crate) bootstrapping: Bootstrapping,
}

/// Where the root key is.
#[derive(Debug)]
pub(crate) enum RootKeySource {
    /// In this file, which the first start makes.
    File(PathBuf),
    /// In the variable `KEYHOLT_ROOT_KEY`.
    Text(Credential),
}

/// Where the certificate and its key are, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The certificates, the server's own first.
    pub(crate) cert: PathBuf,
    /// The private key.
    pub(crate) key: PathBuf,
}

/// What an empty store begins with.
#[derive(Debug)]
pub(crate) struct Bootstrapping {
    /// The first API key; one is made when none is given.
    pub(crate) api_key: Option<Credential>,
    /// The name of the first organisation; `default` when none is given.
    pub(crate) org: Option<OrgName>,
}

impl Settings {
    /// Reads all sources.
    ///
    /// # Errors
    /// When one of them says what cannot be: one line that names the option or the file.
    pub(crate) fn read(
        flags: Options,
        config: &ConfigFile,
        environment: &Environment,
    ) -> Result<Self, UsageError> {
        let config_file = config.path(environment);
        let in_file = config_file.as_deref().map(file::options_in).transpose()?.unwrap_or_default();
        database::check_flag(&flags)?;
        let options = flags.or(environment.options()?).or(in_file);
        let database = Database::read(&options)?;
        let is_data_dir_given = options.data_dir.is_some();
        let data_dir = options.data_dir.unwrap_or_else(|| PathBuf::from("keyholt-data"));
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(Self {
            config_file,
            listen: options.listen.unwrap_or_else(|| loopback(8787)),
            metrics_listen: match options.metrics_listen {
                Some(MetricsListen::At(address)) => Some(address),
                Some(MetricsListen::Off) => None,
                None => Some(loopback(9787)),
            },
            root_key: root_key_source(options.root_key_file, environment, &data_dir)?,
            database,
            is_data_dir_given,
            data_dir,
            public_url: options.public_url.map(|url| base_url("public_url", &url)).transpose()?,
            proxy_url: options.proxy_url.map(|url| base_url("proxy_url", &url)).transpose()?,
            tls: tls_files(options.tls_cert, options.tls_key)?,
            cors_origins: origins(options.cors.origins.unwrap_or_default())?,
            forwarders: options.forwarders.unwrap_or_default(),
            resolve_proxies: options.resolve_proxies.unwrap_or_default(),
            egress: egress_policy(options.egress)?,
            models: model_rules(&options.models.unwrap_or_default())?,
            limits: options.limits.rates()?,
            connections: options.limits.connections()?,
            jwt_issuers: options.jwt_issuers.as_deref().map(jwt::issuers_in).transpose()?.unwrap_or_default(),
            insecure_plaintext: options.insecure_plaintext.unwrap_or(false),
            log_format: options.log_format.unwrap_or(LogFormat::Human),
            log_level: options.log_level.unwrap_or(LogLevel::Info),
            access_log: options.access_log.unwrap_or(false),
            mlockall: options.mlockall.unwrap_or(false),
            versions_kept: versions_kept(options.versions_kept)?,
            bootstrapping: Bootstrapping::read(environment)?,
        })
    }
}

impl Bootstrapping {
    fn read(environment: &Environment) -> Result<Self, UsageError> {
        let org = environment.text("KEYHOLT_BOOTSTRAP_ORG")?.map(|name| OrgName::parse(&name)).transpose();
        Ok(Self {
            api_key: environment.text("KEYHOLT_BOOTSTRAP_API_KEY")?.map(Credential::new),
            org: org.map_err(|problem| UsageError(format!("KEYHOLT_BOOTSTRAP_ORG {problem}")))?,
        })
    }
}

fn root_key_source(
    file: Option<PathBuf>,
    environment: &Environment,
    data_dir: &Path,
) -> Result<RootKeySource, UsageError> {
    match (file, environment.text("KEYHOLT_ROOT_KEY")?) {
        (Some(_), Some(_)) => {
            Err(UsageError("both KEYHOLT_ROOT_KEY and a root key file are given; give one of them".to_owned()))
        }
        (Some(file), None) => Ok(RootKeySource::File(file)),
        (None, Some(text)) => Ok(RootKeySource::Text(Credential::new(text))),
        (None, None) => beside(data_dir).map(RootKeySource::File).ok_or_else(|| {
            let dir = data_dir.display();
            UsageError(format!(
                "there is no place beside {dir} for the root key; say where with --root-key-file"
            ))
        }),
    }
}

/// `DIR.root-key`: beside the directory, so that a copy of the data does not carry the key.
fn beside(data_dir: &Path) -> Option<PathBuf> {
    let mut name = data_dir.file_name()?.to_owned();
    name.push(".root-key");
    Some(data_dir.with_file_name(name))
}

/// A URL that paths are put behind: without a slash at its end.
fn base_url(option: &str, text: &str) -> Result<String, UsageError> {
    let is_base = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    match Url::parse(text) {
        Ok(url) if is_base(&url) => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err(UsageError(format!("{option}: must be a URL such as https://keyholt.example"))),
    }
}

fn tls_files(cert: Option<PathBuf>, key: Option<PathBuf>) -> Result<Option<TlsFiles>, UsageError> {
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert, key })),
        (None, None) => Ok(None),
        _ => Err(UsageError("tls_cert and tls_key: give both of them or none".to_owned())),
    }
}

fn versions_kept(count: Option<u32>) -> Result<u32, UsageError> {
    match count.unwrap_or(2) {
        count @ 0..=100 => Ok(count),
        _ => Err(UsageError("versions_kept: must be 0 to 100".to_owned())),
    }
}

fn origins(texts: Vec<String>) -> Result<Vec<String>, UsageError> {
    let is_origin = |text: &String| {
        Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == *text
        })
    };
    if texts.iter().all(is_origin) {
        return Ok(texts);
    }
    Err(UsageError(
        "cors.origins: must be origins as browsers send them, such as https://console.example".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use clap::{Args, Command, FromArgMatches};

    type Variables = &'static [(&'static str, &'static str)];

    fn read(flags: &[&str], variables: Variables, file: &str) -> Result<Settings, UsageError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keyholt.toml");
        fs::write(&path, file).unwrap();
        let command = Options::augment_args(Command::new("serve").no_binary_name(true));
        let flags = Options::from_arg_matches(&command.get_matches_from(flags)).unwrap();
        Settings::read(flags, &ConfigFile { config: Some(path) }, &Environment::of(variables))
    }

    fn refused(flags: &[&str], variables: Variables, file: &str) -> String {
        read(flags, variables, file).unwrap_err().to_string()
    }

    #[test]
    fn without_any_option_the_defaults_hold() {
        let settings = read(&[], &[], "").unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8787");
        assert_eq!(settings.metrics_listen.unwrap().to_string(), "127.0.0.1:9787");
        assert_eq!(settings.data_dir, Path::new("keyholt-data"));
        assert!(
            matches!(settings.root_key, RootKeySource::File(path) if path == Path::new("keyholt-data.root-key"))
        );
        assert_eq!(settings.versions_kept, 2);
        assert!(!settings.insecure_plaintext && !settings.access_log && !settings.mlockall);
    }

    #[test]
    fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
        /// An option's flag, variable and line, each saying something else, and the setting in words.
        type Case = (&'static str, Variables, &'static str, [&'static str; 3], fn(&Settings) -> String);
        let cases: &[Case] = &[
            (
                "--listen=127.0.0.1:1",
                &[("KEYHOLT_LISTEN", "127.0.0.1:2")],
                "listen = '127.0.0.1:3'",
                ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"],
                |settings| settings.listen.to_string(),
            ),
            (
                "--data-dir=/a",
                &[("KEYHOLT_DATA_DIR", "/b")],
                "data_dir = '/c'",
                ["/a", "/b", "/c"],
                |settings| settings.data_dir.display().to_string(),
            ),
            (
                "--root-key-file=/a",
                &[("KEYHOLT_ROOT_KEY_FILE", "/b")],
                "root_key_file = '/c'",
                ["File(\"/a\")", "File(\"/b\")", "File(\"/c\")"],
                |settings| format!("{:?}", settings.root_key),
            ),
            (
                "--metrics-listen=off",
                &[("KEYHOLT_METRICS_LISTEN", "127.0.0.1:2")],
                "metrics_listen = '127.0.0.1:3'",
                ["None", "Some(127.0.0.1:2)", "Some(127.0.0.1:3)"],
                |settings| format!("{:?}", settings.metrics_listen),
            ),
            (
                "--public-url=https://a.example/",
                &[("KEYHOLT_PUBLIC_URL", "https://b.example")],
                "public_url = 'https://c.example/k/'",
                ["https://a.example", "https://b.example", "https://c.example/k"],
                |settings| settings.public_url.clone().unwrap(),
            ),
            (
                "--proxy-url=https://a.example/",
                &[("KEYHOLT_PROXY_URL", "https://b.example")],
                "proxy_url = 'https://c.example/k/'",
                ["https://a.example", "https://b.example", "https://c.example/k"],
                |settings| settings.proxy_url.clone().unwrap(),
            ),
            (
                "--cors-origins=https://a.example,https://aa.example",
                &[("KEYHOLT_CORS_ORIGINS", "https://b.example,https://bb.example")],
                "cors.origins = ['https://c.example']",
                [
                    "https://a.example https://aa.example",
                    "https://b.example https://bb.example",
                    "https://c.example",
                ],
                |settings| settings.cors_origins.join(" "),
            ),
            (
                "--forwarders=10.0.0.1,10.0.0.2,10.0.0.3",
                &[("KEYHOLT_FORWARDERS", "10.0.0.0/8,::1")],
                "forwarders = ['192.0.2.1']",
                ["3", "2", "1"],
                |settings| settings.forwarders.len().to_string(),
            ),
            (
                "--resolve-proxies=10.0.0.1,10.0.0.2,10.0.0.3",
                &[("KEYHOLT_RESOLVE_PROXIES", "10.0.0.0/8,::1")],
                "resolve_proxies = ['192.0.2.1']",
                ["3", "2", "1"],
                |settings| settings.resolve_proxies.len().to_string(),
            ),
            (
                "--egress-allow=10.0.3.4:11434,models.example",
                &[("KEYHOLT_EGRESS_ALLOW", "[::1]:8080")],
                "egress.allow = ['ollama']",
                ["10.0.3.4:11434 models.example", "[::1]:8080", "ollama"],
                |settings| {
                    let allowed = settings.egress.allowed.iter().map(ToString::to_string);
                    allowed.collect::<Vec<_>>().join(" ")
                },
            ),
            (
                "--limits-per-api-key=1",
                &[("KEYHOLT_LIMITS_PER_API_KEY", "2")],
                "limits.per_api_key = 3",
                ["1", "2", "3"],
                |settings| settings.limits.per_api_key.unwrap().per_second.to_string(),
            ),
            (
                "--limits-per-org=1",
                &[("KEYHOLT_LIMITS_PER_ORG", "2")],
                "limits.per_org = 3",
                ["1", "2", "3"],
                |settings| settings.limits.per_org.unwrap().burst.to_string(),
            ),
            (
                "--limits-connections=1",
                &[("KEYHOLT_LIMITS_CONNECTIONS", "2")],
                "limits.connections = 3",
                ["1", "2", "3"],
                |settings| settings.connections.all.to_string(),
            ),
            (
                "--limits-connections-per-address=1",
                &[("KEYHOLT_LIMITS_CONNECTIONS_PER_ADDRESS", "2")],
                "limits.connections_per_address = 3",
                ["1", "2", "3"],
                |settings| settings.connections.per_address.to_string(),
            ),
            (
                "--limits-refused-per-address=0",
                &[("KEYHOLT_LIMITS_REFUSED_PER_ADDRESS", "2")],
                "[limits]\nrefused_per_address = 3",
                ["None", "Some(2)", "Some(3)"],
                |settings| format!("{:?}", settings.limits.refused_per_address.map(|rate| rate.per_second)),
            ),
            (
                "--limits-refused-burst=1",
                &[("KEYHOLT_LIMITS_REFUSED_BURST", "2")],
                "limits.refused_burst = 3",
                ["1", "2", "3"],
                |settings| settings.limits.refused_per_address.unwrap().burst.to_string(),
            ),
            (
                "--insecure-plaintext",
                &[("KEYHOLT_INSECURE_PLAINTEXT", "0")],
                "insecure_plaintext = true",
                ["true", "false", "true"],
                |settings| settings.insecure_plaintext.to_string(),
            ),
            (
                "--log-format=json",
                &[("KEYHOLT_LOG_FORMAT", "human")],
                "log_format = 'json'",
                ["Json", "Human", "Json"],
                |settings| format!("{:?}", settings.log_format),
            ),
            (
                "--log-level=warn",
                &[("KEYHOLT_LOG_LEVEL", "debug")],
                "log_level = 'trace'",
                ["Warn", "Debug", "Trace"],
                |settings| format!("{:?}", settings.log_level),
            ),
            (
                "--access-log=false",
                &[("KEYHOLT_ACCESS_LOG", "yes")],
                "access_log = false",
                ["false", "true", "false"],
                |settings| settings.access_log.to_string(),
            ),
            (
                "--mlockall",
                &[("KEYHOLT_MLOCKALL", "off")],
                "mlockall = true",
                ["true", "false", "true"],
                |settings| settings.mlockall.to_string(),
            ),
            (
                "--versions-kept=0",
                &[("KEYHOLT_VERSIONS_KEPT", "1")],
                "versions_kept = 100",
                ["0", "1", "100"],
                |settings| settings.versions_kept.to_string(),
            ),
        ];
        for (flag, variable, line, [from_flag, from_variable, from_file], shown) in cases {
            assert_eq!(&shown(&read(&[flag], variable, line).unwrap()), from_flag, "{flag}");
            assert_eq!(&shown(&read(&[flag], &[], "").unwrap()), from_flag, "{flag}");
            assert_eq!(&shown(&read(&[], variable, line).unwrap()), from_variable, "{variable:?}");
            assert_eq!(&shown(&read(&[], &[], line).unwrap()), from_file, "{line}");
        }
    }

    #[test]
    fn token_issuers_are_read_from_the_file_that_is_named_first() {
        assert!(read(&[], &[], "").unwrap().jwt_issuers.is_empty());
        let (variable, line): (Variables, _) =
            (&[("KEYHOLT_JWT_ISSUERS", "/b.toml")], "jwt_issuers = '/c.toml'");
        for (said, named) in [
            (refused(&["--jwt-issuers=/a.toml"], variable, line), "/a.toml"),
            (refused(&[], variable, line), "/b.toml"),
            (refused(&[], &[], line), "/c.toml"),
        ] {
            assert_eq!(said, format!("the file of token issuers {named} does not exist"));
        }
    }

    #[test]
    fn models_and_places_that_cannot_be_are_refused() {
        let settings = read(&[], &[], "[[models]]\nprefix = 'acme-'\nproviders = ['ollama']").unwrap();
        assert_eq!(settings.models.providers_of("acme-1").len(), 1);
        for (file, expected) in [
            ("egress.allow = ['https://a']", "egress.allow: must be host or host:port"),
            ("egress.allow = ['*']", "egress.allow: "),
            ("[[models]]\nprefix = ''\nproviders = []", "models: prefix"),
            ("[[models]]\nprefix = 'a'\nproviders = ['nobody']", "models: the providers of \"a\""),
        ] {
            let said = refused(&[], &[], file);
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn an_empty_variable_counts_as_none() {
        let settings = read(&[], &[("KEYHOLT_LISTEN", ""), ("KEYHOLT_DATABASE_URL", "")], "").unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8787");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_source() {
        let unknown = refused(&[], &[], "listen = '127.0.0.1:1'\nlisteen = 'x'\n");
        assert!(unknown.contains("keyholt.toml, line 2: unknown field `listeen`"), "{unknown}");
        let nested = refused(&[], &[], "[cors]\norigin = []\n");
        assert!(nested.contains("line 2: unknown field `origin`"), "{nested}");
        let variable = refused(&[], &[("KEYHOLT_LOG_LEVEL", "loud")], "");
        assert!(variable.starts_with("KEYHOLT_LOG_LEVEL: ") && !variable.contains('\n'), "{variable}");
        for (line, named) in [
            ("versions_kept = 101", "versions_kept"),
            ("tls_cert = 'a'", "tls_key"),
            ("public_url = 'ftp://a.example'", "public_url"),
            ("public_url = 'https://me:word@a.example'", "public_url"),
            ("cors.origins = ['https://a.example/']", "cors.origins"),
            ("cors.origins = ['*']", "cors.origins"),
            ("metrics_listen = 'on'", "off"),
            ("limits.per_key = 1", "unknown field `per_key`"),
            ("limits.per_api_key = -1", "line 1"),
            ("limits.per_api_key = 1_000_001", "limits.per_api_key"),
            ("limits.refused_burst = 0", "limits.refused_burst"),
            ("forwarders = ['10.0.0.0/33']", "must be an address or a network"),
            ("data_dir = '..'", "--root-key-file"),
        ] {
            let message = refused(&[], &[], line);
            assert!(message.contains(named) && !message.contains("word"), "{message}");
        }
    }

    #[test]
    fn a_database_url_does_not_print() {
        let (variable, line): (Variables, _) = (
            &[
                ("KEYHOLT_DATABASE_URL", "postgres://b:very-private@db/k"),
                ("KEYHOLT_DATABASE_CONNECTIONS", "4"),
            ],
            "database_url = 'postgres://c:very-private@db/k'\ndatabase_connections = 5",
        );
        for (settings, user, connections) in [
            (read(&["--database-url=postgres://a@db/k"], variable, line), "a@", "connections: 4"),
            (read(&[], variable, line), "b@", "connections: 4"),
            (read(&["--database-connections=6"], &[], line), "c@", "connections: 6"),
        ] {
            let shown = format!("{:?}", settings.unwrap());
            assert!(
                shown.contains(&format!("postgres://{user}db:5432/k")) && shown.contains(connections),
                "{shown}"
            );
            assert!(!shown.contains("private"), "{shown}");
        }
        let options: Options = toml::from_str(line).unwrap();
        assert!(!format!("{options:?}").contains("private"));
    }

    #[test]
    fn secrets_come_from_variables_alone_and_do_not_print() {
        let settings = read(
            &[],
            &[("KEYHOLT_ROOT_KEY", "very-private"), ("KEYHOLT_BOOTSTRAP_API_KEY", "very-private key")],
            "",
        )
        .unwrap();
        assert!(matches!(settings.root_key, RootKeySource::Text(_)));
        assert!(settings.bootstrapping.api_key.is_some());
        assert!(!format!("{settings:?}").contains("private"));
        let in_file = refused(&[], &[], "root_key = 'very-private'");
        assert!(in_file.contains("unknown field `root_key`") && !in_file.contains("private"), "{in_file}");
        let both = refused(&["--root-key-file=/k"], &[("KEYHOLT_ROOT_KEY", "very-private")], "");
        assert!(both.contains("give one of them"), "{both}");
    }
}
