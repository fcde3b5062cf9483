//! A place that a URL names, in one spelling.

use std::fmt;
use std::net::IpAddr;

use url::Url;

/// How it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// As it is written in a URL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Who is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A DNS name: lower case, ASCII, without a dot at its end.
    Name(Box<str>),
    /// An address, in whatever form it was written.
    Address(IpAddr),
}

impl Host {
    /// A name or an address as the WHATWG rules understand a URL's host; addresses of IPv6 stand in brackets.
    ///
    /// # Errors
    /// [`EgressRefused::BadName`] when it is neither.
    pub(super) fn parse(text: &str) -> Result<Self, EgressRefused> {
        let host = url::Host::parse(text).map_err(|_| EgressRefused::BadName)?;
        Self::of(&host)
    }

    fn of<S: AsRef<str>>(host: &url::Host<S>) -> Result<Self, EgressRefused> {
        match host {
            url::Host::Domain(name) => {
                let name = name.as_ref();
                if is_dns_name(name) { Ok(Self::Name(name.into())) } else { Err(EgressRefused::BadName) }
            }
            url::Host::Ipv4(address) => Ok(Self::Address(IpAddr::V4(*address))),
            url::Host::Ipv6(address) => Ok(Self::Address(IpAddr::V6(*address))),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// An origin (RFC 6454): scheme, host and port. Two URLs lead to the same place when these are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Who is spoken to.
    pub host: Host,
    /// 1 to 65535.
    pub port: u16,
}

impl Place {
    /// Where a URL leads.
    ///
    /// # Errors
    /// When it is not one of HTTP, carries a user's name, or its host is no DNS name and no address.
    pub fn of(url: &Url) -> Result<Self, EgressRefused> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(EgressRefused::NotHttp),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressRefused::UserInfo);
        }
        let host = Host::of(&url.host().ok_or(EgressRefused::BadName)?)?;
        let port = url.port_or_known_default().filter(|port| *port != 0).ok_or(EgressRefused::Port)?;
        Ok(Self { scheme, host, port })
    }
}

/// `https://api.example.com:443`: the port is always written.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.word(), self.host, self.port)
    }
}

/// Why a request does not go where its record's URL leads. Nothing of the URL is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EgressRefused {
    /// Another scheme than `http` and `https`.
    #[error("the upstream's URL is not one of http or https")]
    NotHttp,
    /// A URL with a user's name or password in it.
    #[error("the upstream's URL holds a user name")]
    UserInfo,
    /// A host that no server of DNS knows.
    #[error("the upstream's host is not a valid name")]
    BadName,
    /// An address in place of a name, which only an entry of the operator allows.
    #[error("the upstream's host is an address that is not allowed")]
    Address,
    /// Plain HTTP, which only an entry of the operator allows.
    #[error("the upstream is not reached over https")]
    PlainHttp,
    /// Another port than 443, which only an entry of the operator allows.
    #[error("the upstream's port is not allowed")]
    Port,
    /// The name has no address.
    #[error("the upstream's name has no address")]
    NoAddress,
    /// One of the name's addresses lies where no upstream may be.
    #[error("the upstream's name leads to an address that is not public")]
    NotPublic,
}

/// Labels of letters, digits, `-` and `_`, 1 to 63 of them, 253 in all (RFC 1035 2.3.4). A dot at the end is
/// refused: it would be a second spelling of the same name.
fn is_dns_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    name.len() <= 253
        && name.split('.').all(|label| (1..=63).contains(&label.len()) && label.bytes().all(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_one_spelling() {
        for (url, expected) in [
            ("https://API.Example.com/v1", "https://api.example.com:443"),
            ("https://api.example.com:0443", "https://api.example.com:443"),
            ("http://api.example.com", "http://api.example.com:80"),
            ("https://bücher.example", "https://xn--bcher-kva.example:443"),
            ("http://0x7f.1:11434", "http://127.0.0.1:11434"),
            ("http://[0:0::1]:80", "http://[::1]:80"),
        ] {
            let place = Place::of(&Url::parse(url).unwrap()).unwrap();
            assert_eq!(place.to_string(), expected, "{url}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long_label = format!("https://{}.example", "a".repeat(64));
        let long_name = format!("https://{}example", "a.".repeat(130));
        for url in
            ["https://a..b", "https://a.", "https://.a", "https://a*b", "https://a!b", &long_label, &long_name]
        {
            let refused = Url::parse(url).map_err(|_| EgressRefused::BadName).and_then(|url| Place::of(&url));
            assert_eq!(refused, Err(EgressRefused::BadName), "{url}");
        }
        assert_eq!(Place::of(&Url::parse("https://a:0").unwrap()), Err(EgressRefused::Port));
        assert_eq!(Place::of(&Url::parse("ftp://a").unwrap()), Err(EgressRefused::NotHttp));
    }
}
