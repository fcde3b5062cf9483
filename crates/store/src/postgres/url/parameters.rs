//! What stands behind the `?` of a database's URL.
//! (PostgreSQL 15, 34.1.2 Parameter Key Words; units are libpq's)

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::ChannelBinding;

use super::BadUrl;
use super::address::{ClientCertificate, Encryption};
use super::text::{decode, port_in};

/// The parameters, read.
pub(super) struct Parameters {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) encryption: Encryption,
    pub(super) roots: Option<PathBuf>,
    pub(super) client_certificate: Option<ClientCertificate>,
    pub(super) channel_binding: ChannelBinding,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) application_name: Option<String>,
    pub(super) options: Option<String>,
    pub(super) keepalives: bool,
    pub(super) keepalives_idle: Duration,
    pub(super) keepalives_interval: Duration,
    pub(super) keepalives_count: u32,
    pub(super) tcp_user_timeout: Duration,
}

/// As written, before one looks at the values.
#[derive(Default)]
struct Written {
    host: Option<String>,
    port: Option<String>,
    sslmode: Option<String>,
    sslrootcert: Option<String>,
    sslcert: Option<String>,
    sslkey: Option<String>,
    channel_binding: Option<String>,
    target_session_attrs: Option<String>,
    connect_timeout: Option<String>,
    application_name: Option<String>,
    options: Option<String>,
    keepalives: Option<String>,
    keepalives_idle: Option<String>,
    keepalives_interval: Option<String>,
    keepalives_count: Option<String>,
    tcp_user_timeout: Option<String>,
}

impl Parameters {
    /// Reads `name=value&name=value`, percent-encoded.
    pub(super) fn read(query: &str) -> Result<Self, BadUrl> {
        let written = Written::read(query)?;
        target_is_primary(written.target_session_attrs.as_deref())?;
        Ok(Self {
            port: written
                .port
                .map(|port| port_in(&port).ok_or(BadUrl::Value { name: "port", must: "1 to 65535" }))
                .transpose()?,
            encryption: encryption(written.sslmode.as_deref())?,
            // libpq's word for the system's own, which are the default here.
            roots: written.sslrootcert.filter(|file| file != "system").map(PathBuf::from),
            client_certificate: client_certificate(written.sslcert, written.sslkey)?,
            channel_binding: channel_binding(written.channel_binding.as_deref())?,
            connect_timeout: number(
                "connect_timeout",
                written.connect_timeout.as_deref(),
                1,
                60,
                "1 to 60 seconds",
            )?
            .map(Duration::from_secs),
            application_name: application_name(written.application_name)?,
            options: written.options,
            keepalives: number("keepalives", written.keepalives.as_deref(), 0, 1, "0 or 1")? != Some(0),
            // A server that went away without a word is noticed within a dozen seconds.
            keepalives_idle: seconds("keepalives_idle", written.keepalives_idle.as_deref(), 5)?,
            keepalives_interval: seconds("keepalives_interval", written.keepalives_interval.as_deref(), 2)?,
            keepalives_count: number(
                "keepalives_count",
                written.keepalives_count.as_deref(),
                1,
                100,
                "1 to 100",
            )?
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(3),
            tcp_user_timeout: Duration::from_millis(
                number(
                    "tcp_user_timeout",
                    written.tcp_user_timeout.as_deref(),
                    0,
                    600_000,
                    "0 to 600000 milliseconds",
                )?
                .unwrap_or(5000),
            ),
            host: written.host,
        })
    }
}

impl Written {
    fn read(query: &str) -> Result<Self, BadUrl> {
        let mut written = Self::default();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        for (number, pair) in (1..).zip(pairs) {
            let (name, value) = pair.split_once('=').ok_or(BadUrl::NoValue(number))?;
            let (field, name) = written.field(name).ok_or(BadUrl::Unknown { number })?;
            let value = decode("a parameter", value)?;
            if field.replace(value).is_some() {
                return Err(BadUrl::Twice(name));
            }
        }
        Ok(written)
    }

    /// The place of a parameter, and its name as a text of ours.
    fn field(&mut self, name: &str) -> Option<(&mut Option<String>, &'static str)> {
        Some(match name {
            "host" => (&mut self.host, "host"),
            "port" => (&mut self.port, "port"),
            "sslmode" => (&mut self.sslmode, "sslmode"),
            "sslrootcert" => (&mut self.sslrootcert, "sslrootcert"),
            "sslcert" => (&mut self.sslcert, "sslcert"),
            "sslkey" => (&mut self.sslkey, "sslkey"),
            "channel_binding" => (&mut self.channel_binding, "channel_binding"),
            "target_session_attrs" => (&mut self.target_session_attrs, "target_session_attrs"),
            "connect_timeout" => (&mut self.connect_timeout, "connect_timeout"),
            "application_name" => (&mut self.application_name, "application_name"),
            "options" => (&mut self.options, "options"),
            "keepalives" => (&mut self.keepalives, "keepalives"),
            "keepalives_idle" => (&mut self.keepalives_idle, "keepalives_idle"),
            "keepalives_interval" => (&mut self.keepalives_interval, "keepalives_interval"),
            "keepalives_count" => (&mut self.keepalives_count, "keepalives_count"),
            "tcp_user_timeout" => (&mut self.tcp_user_timeout, "tcp_user_timeout"),
            _ => return None,
        })
    }
}

/// Nothing between no TLS and a checked certificate: without the check anybody on the way can be the server, and
/// with `prefer` and `allow` anybody on the way can turn TLS off. `require` and `verify-ca` ask for no less than
/// what they get.
fn encryption(mode: Option<&str>) -> Result<Encryption, BadUrl> {
    match mode {
        None => Ok(Encryption::AsFits),
        Some("disable") => Ok(Encryption::Never),
        Some("require" | "verify-ca" | "verify-full") => Ok(Encryption::Always),
        Some(_) => Err(BadUrl::Value {
            name: "sslmode",
            must: "verify-full (require and verify-ca are taken as that) or disable",
        }),
    }
}

fn channel_binding(word: Option<&str>) -> Result<ChannelBinding, BadUrl> {
    match word {
        None | Some("prefer") => Ok(ChannelBinding::Prefer),
        Some("require") => Ok(ChannelBinding::Require),
        Some("disable") => Ok(ChannelBinding::Disable),
        Some(_) => Err(BadUrl::Value { name: "channel_binding", must: "prefer, require or disable" }),
    }
}

fn target_is_primary(word: Option<&str>) -> Result<(), BadUrl> {
    match word {
        None | Some("read-write" | "primary") => Ok(()),
        Some(_) => Err(BadUrl::Value {
            name: "target_session_attrs",
            must: "read-write: Keyholt serves from the primary alone",
        }),
    }
}

fn client_certificate(chain: Option<String>, key: Option<String>) -> Result<Option<ClientCertificate>, BadUrl> {
    match (chain, key) {
        (None, None) => Ok(None),
        (Some(chain), Some(key)) => Ok(Some(ClientCertificate { chain: chain.into(), key: key.into() })),
        (Some(_), None) => Err(BadUrl::Value { name: "sslkey", must: "given with sslcert" }),
        (None, Some(_)) => Err(BadUrl::Value { name: "sslcert", must: "given with sslkey" }),
    }
}

/// The server cuts what is longer, and prints what is not ASCII as question marks.
fn application_name(name: Option<String>) -> Result<Option<String>, BadUrl> {
    match name {
        Some(name) if name.len() > 63 || !name.is_ascii() => {
            Err(BadUrl::Value { name: "application_name", must: "63 characters of ASCII at most" })
        }
        name => Ok(name),
    }
}

fn seconds(name: &'static str, text: Option<&str>, default: u64) -> Result<Duration, BadUrl> {
    number(name, text, 1, 7200, "1 to 7200 seconds")
        .map(|seconds| Duration::from_secs(seconds.unwrap_or(default)))
}

fn number(
    name: &'static str,
    text: Option<&str>,
    least: u64,
    most: u64,
    must: &'static str,
) -> Result<Option<u64>, BadUrl> {
    let Some(text) = text else { return Ok(None) };
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.map(Some).ok_or(BadUrl::Value { name, must })
}
