//! Reading a database's URL, as libpq does, but strictly: what libpq would guess at is refused.
//! (PostgreSQL 15, 34.1.1 Connection Strings)

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use keyholt_types::Credential;
use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;

use super::address::{Encryption, Host, Place};
use super::parameters::Parameters;
use super::text::{decode, port_in};
use super::{BadUrl, PostgresUrl};

/// The most hosts: each may cost a connection its whole timeout.
const MOST_HOSTS: usize = 8;
const DEFAULT_PORT: u16 = 5432;

impl PostgresUrl {
    /// Reads `postgres://user:password@host:port,host:port/database?parameters`.
    ///
    /// A directory of sockets stands as `?host=%2Frun%2Fpostgresql` or percent-encoded in a host's place. Known
    /// parameters: `sslmode`, `sslrootcert`, `sslcert` and `sslkey`, `channel_binding`, `target_session_attrs`,
    /// `connect_timeout` (1 to 60 seconds, 3 when absent), `application_name`, `options`, `keepalives`,
    /// `keepalives_idle`, `keepalives_interval`, `keepalives_count`, `tcp_user_timeout` (milliseconds), `host`
    /// and `port`. Reads no file.
    ///
    /// # Errors
    /// When a part of it cannot be. The message does not repeat it.
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
            .ok_or(BadUrl::Scheme)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        // The rest of a password that was cut at its own `/`, `?` or `#` has the real `@` in it.
        if path.contains(['@', '#']) {
            return Err(BadUrl::Unescaped);
        }
        let (login, hosts) =
            authority.split_once('@').map_or((None, authority), |(login, hosts)| (Some(login), hosts));
        if hosts.contains('@') {
            return Err(BadUrl::Unescaped);
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut hosts = hosts_in(hosts)?;
        let (user, password) = login.map_or(Ok((None, None)), login_in)?;
        let database = decode("a database", path.strip_prefix('/').unwrap_or_default())?;
        let parameters = Parameters::read(query)?;
        if let Some(directory) = &parameters.host {
            if !hosts.is_empty() {
                return Err(BadUrl::Twice("the host"));
            }
            hosts = vec![host(directory, parameters.port)?];
        } else if parameters.port.is_some() {
            return Err(BadUrl::Twice("the port"));
        }
        if hosts.is_empty() {
            return Err(BadUrl::NoHost);
        }
        if database.is_empty() {
            return Err(BadUrl::NoDatabase);
        }
        let mut common = Config::new();
        common.dbname(database.as_str());
        if let Some(user) = &user {
            common.user(user.as_str());
        }
        let connect_timeout = parameters.connect_timeout.unwrap_or(Duration::from_secs(3));
        common
            .application_name(parameters.application_name.as_deref().unwrap_or("keyholt"))
            // A standby answers with what was true a while ago.
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            // Of one address, so that a name's second one is tried too.
            .connect_timeout(connect_timeout / 2)
            .channel_binding(parameters.channel_binding)
            .keepalives(parameters.keepalives)
            .keepalives_idle(parameters.keepalives_idle)
            .keepalives_interval(parameters.keepalives_interval)
            .keepalives_retries(parameters.keepalives_count)
            .tcp_user_timeout(parameters.tcp_user_timeout);
        if let Some(options) = &parameters.options {
            common.options(options.as_str());
        }
        let has_files = parameters.roots.is_some() || parameters.client_certificate.is_some();
        Ok(Self {
            hosts,
            user,
            password,
            database,
            // Nobody names a root to leave it unused.
            encryption: match parameters.encryption == Encryption::AsFits && has_files {
                true => Encryption::Always,
                false => parameters.encryption,
            },
            roots: parameters.roots,
            client_certificate: parameters.client_certificate,
            connect_timeout,
            common,
            connector: Arc::new(OnceLock::new()),
        })
    }
}

type Login = (Option<String>, Option<Arc<Credential>>);

fn login_in(login: &str) -> Result<Login, BadUrl> {
    let (user, password) =
        login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
    let user = decode("a user", user)?;
    let password = password.map(|password| decode("a password", password)).transpose()?;
    let password = password.filter(|password| !password.is_empty());
    Ok((
        Some(user).filter(|user| !user.is_empty()),
        password.map(|password| Arc::new(Credential::new(password))),
    ))
}

fn hosts_in(list: &str) -> Result<Vec<Host>, BadUrl> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    if list.split(',').count() > MOST_HOSTS {
        return Err(BadUrl::TooManyHosts);
    }
    list.split(',').map(host_and_port).collect()
}

fn host_and_port(text: &str) -> Result<Host, BadUrl> {
    let (name, port) = match text.strip_prefix('[') {
        Some(address) => {
            let (address, port) = address.split_once(']').ok_or(BadUrl::Host)?;
            address.parse::<std::net::Ipv6Addr>().map_err(|_| BadUrl::Host)?;
            match port.strip_prefix(':') {
                None if !port.is_empty() => return Err(BadUrl::Host),
                port => (address, port),
            }
        }
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    let port = port.map(|port| port_in(port).ok_or(BadUrl::Host)).transpose()?;
    host(&decode("a host", name)?, port)
}

fn host(name: &str, port: Option<u16>) -> Result<Host, BadUrl> {
    // What a name or an address is made of; a wrong one is for the resolver to refuse.
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    let place = if name.starts_with('/') {
        Place::Unix(PathBuf::from(name))
    } else if !name.is_empty() && name.len() <= 253 && name.bytes().all(is_name) {
        Place::Tcp(name.to_owned())
    } else {
        return Err(BadUrl::Host);
    };
    Ok(Host { place, port: port.unwrap_or(DEFAULT_PORT) })
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::*;

    fn modes(text: &str) -> Vec<SslMode> {
        let url = PostgresUrl::parse(text).unwrap();
        url.hosts().iter().map(|host| url.config(host).get_ssl_mode()).collect()
    }

    #[test]
    fn a_url_is_read_and_shown_without_its_password() {
        for (text, shown) in [
            ("postgres://me@db/k", "postgres://me@db:5432/k"),
            ("postgresql://me:wo%40rd@db/k", "postgres://me@db:5432/k"),
            ("postgres://me:wo:rd@db:1/k", "postgres://me@db:1/k"),
            ("postgres://db/k", "postgres://db:5432/k"),
            ("postgres://:word@db/k", "postgres://db:5432/k"),
            ("postgres://me@a:1,b,[::1]:3,[::2]/k", "postgres://me@a:1,b:5432,[::1]:3,[::2]:5432/k"),
            ("postgres://me@%2Frun%2Fpg:6/k", "postgres://me@/run/pg/.s.PGSQL.6/k"),
            ("postgres:///k?host=%2Frun%2Fpg&port=6", "postgres:///run/pg/.s.PGSQL.6/k"),
            ("postgres://me@/k?host=/run/pg", "postgres://me@/run/pg/.s.PGSQL.5432/k"),
            ("postgres://m%C3%A9:word@db_1.example/k%2Fx", "postgres://mé@db_1.example:5432/k/x"),
        ] {
            let url = PostgresUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), shown, "{text}");
            assert_eq!(format!("{url:?}"), format!("PostgresUrl({shown})"));
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_a_piece_of_it() {
        let long = format!("postgres://{}/word", ["word"; 9].join(","));
        for (text, expected) in [
            ("mysql://me:word@db/k", BadUrl::Scheme),
            ("host=db password=word", BadUrl::Scheme),
            ("postgres://me:wo@rd@db/k", BadUrl::Unescaped),
            ("postgres://me:wo/rd@db/k", BadUrl::Unescaped),
            ("postgres://me:wo?rd@db/k", BadUrl::Unescaped),
            ("postgres://me:1?word=rd@db/k", BadUrl::Unescaped),
            ("postgres://me:wo#rd@db/k", BadUrl::Unescaped),
            ("postgres://me@db/k#word", BadUrl::Unescaped),
            ("postgres://me:wo%rd@db/k", BadUrl::NotText("a password")),
            ("postgres://me:word%0@db/k", BadUrl::NotText("a password")),
            ("postgres://me:word%FF@db/k", BadUrl::NotText("a password")),
            ("postgres://me%00word@db/k", BadUrl::NotText("a user")),
            ("postgres://me@db/k%0Aword", BadUrl::NotText("a database")),
            ("postgres:///word", BadUrl::NoHost),
            ("postgres://me:word@/k", BadUrl::NoHost),
            ("postgres://me@db", BadUrl::NoDatabase),
            ("postgres://me@db/?options=word", BadUrl::NoDatabase),
            ("postgres://me:word/k", BadUrl::Host),
            ("postgres://me@db:0/k", BadUrl::Host),
            ("postgres://me@db:65536/k", BadUrl::Host),
            ("postgres://me@db:+1/k", BadUrl::Host),
            ("postgres://me@db:/k", BadUrl::Host),
            ("postgres://me@a,,b/k", BadUrl::Host),
            ("postgres://me@[::1/k", BadUrl::Host),
            ("postgres://me@[word]/k", BadUrl::Host),
            ("postgres://me@[::1]word/k", BadUrl::Host),
            ("postgres://me@wo%20rd/k", BadUrl::Host),
            (&long, BadUrl::TooManyHosts),
            ("postgres://me@db/k?host=/word", BadUrl::Twice("the host")),
            ("postgres://me@db/k?port=1", BadUrl::Twice("the port")),
            ("postgres://me@db/k?sslmode=disable&sslmode=disable", BadUrl::Twice("sslmode")),
            ("postgres://me@db/k?word", BadUrl::NoValue(1)),
            ("postgres://me@db/k?options=a&word=1", BadUrl::Unknown { number: 2 }),
            ("postgres://me@db/k?password=word", BadUrl::Unknown { number: 1 }),
        ] {
            let said = PostgresUrl::parse(text).unwrap_err();
            assert_eq!(said, expected, "{text}");
            assert!(!said.to_string().contains("word=") && !said.to_string().contains("word@"), "{said}");
        }
    }

    #[test]
    fn a_parameter_that_cannot_be_is_named() {
        for parameter in [
            "sslmode=prefer",
            "sslmode=allow",
            "sslmode=",
            "channel_binding=x",
            "target_session_attrs=any",
            "target_session_attrs=read-only",
            "connect_timeout=0",
            "connect_timeout=61",
            "connect_timeout=-1",
            "keepalives=2",
            "keepalives_idle=0",
            "keepalives_interval=x",
            "keepalives_count=0",
            "tcp_user_timeout=600001",
            "application_name=%C3%A9",
        ] {
            let said = PostgresUrl::parse(&format!("postgres://db/k?{parameter}")).unwrap_err().to_string();
            let name = parameter.split('=').next().unwrap();
            assert!(said.contains(&format!("a wrong {name}: ")), "{said}");
        }
        for (parameter, missing) in [("sslcert=a", "sslkey"), ("sslkey=a", "sslcert")] {
            let said = PostgresUrl::parse(&format!("postgres://db/k?{parameter}")).unwrap_err().to_string();
            assert!(said.contains(missing), "{said}");
        }
    }

    #[test]
    fn other_machines_are_reached_over_tls_unless_it_is_turned_off() {
        use SslMode::{Disable, Require};
        for (text, expected) in [
            (
                "postgres://db,localhost,127.0.0.2,[::1],%2Frun/k",
                vec![Require, Disable, Disable, Disable, Disable],
            ),
            ("postgres://db,localhost,%2Frun/k?sslmode=verify-full", vec![Require, Require, Disable]),
            ("postgres://db/k?sslmode=require", vec![Require]),
            ("postgres://db/k?sslmode=verify-ca", vec![Require]),
            ("postgres://db,10.0.0.1,localhost/k?sslmode=disable", vec![Disable; 3]),
            ("postgres://localhost/k?sslrootcert=/ca.pem", vec![Require]),
            ("postgres://localhost/k?sslcert=/c.pem&sslkey=/k.pem", vec![Require]),
            ("postgres://localhost/k?sslrootcert=system", vec![Disable]),
            ("postgres://localhost.example,128.0.0.1/k", vec![Require, Require]),
        ] {
            assert_eq!(modes(text), expected, "{text}");
        }
        let plaintext = |text: &str| PostgresUrl::parse(text).unwrap().plaintext_hosts();
        assert_eq!(plaintext("postgres://db,localhost/k?sslmode=disable").as_deref(), Some("db:5432"));
        assert_eq!(plaintext("postgres://db,localhost/k"), None);
    }

    #[test]
    fn the_driver_is_told_what_the_url_says() {
        let url = PostgresUrl::parse(
            "postgres://me:wo%40rd@db:1/k?connect_timeout=10&application_name=x&options=-c%20search_path%3Da\
             &keepalives=0&keepalives_idle=7&keepalives_interval=8&keepalives_count=9&tcp_user_timeout=1500\
             &channel_binding=require",
        )
        .unwrap();
        assert!(url.has_password() && url.connect_timeout() == Duration::from_secs(10));
        let config = url.config(&url.hosts()[0]);
        assert_eq!(config.get_password(), Some("wo@rd".as_bytes()));
        assert_eq!((config.get_user(), config.get_dbname()), (Some("me"), Some("k")));
        assert_eq!(config.get_options(), Some("-c search_path=a"));
        assert_eq!(config.get_application_name(), Some("x"));
        assert!(!config.get_keepalives());
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(7));
        assert_eq!(config.get_keepalives_interval(), Some(Duration::from_secs(8)));
        assert_eq!(config.get_keepalives_retries(), Some(9));
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_millis(1500)));
        assert_eq!(config.get_channel_binding(), tokio_postgres::config::ChannelBinding::Require);
    }

    #[test]
    fn what_the_url_leaves_out_has_a_value_that_is_safe_for_failover() {
        let url = PostgresUrl::parse("postgres://db/k").unwrap();
        let config = url.config(&url.hosts()[0]);
        assert_eq!(url.connect_timeout(), Duration::from_secs(3));
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(config.get_application_name(), Some("keyholt"));
        assert!(config.get_keepalives() && config.get_tcp_user_timeout() == Some(&Duration::from_secs(5)));
        assert_eq!(config.get_password(), None);
        let url = url.with_password(Credential::new("word".to_owned()));
        assert_eq!(url.config(&url.hosts()[0]).get_password(), Some("word".as_bytes()));
    }
}
