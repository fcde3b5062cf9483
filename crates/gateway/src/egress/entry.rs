//! Entries of the operator's list of what may be reached besides the public internet.

use std::fmt;
use std::str::FromStr;

use super::place::{Host, Place, Scheme};
use super::tls::PrivateCa;

/// `host` or `host:port` (design/decisions.md 25, `egress.allow`). It opens exactly this host, in the clear too, and
/// exactly this port; without one, 443 for https and 80 for http. A host may be a name, an IPv4 address, or one of
/// IPv6 in brackets.
#[derive(Debug, Clone)]
pub struct EgressEntry {
    host: Host,
    port: Option<u16>,
    ca: Option<PrivateCa>,
}

/// A text that is no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnEntry;

impl fmt::Display for NotAnEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be host or host:port, such as 10.0.3.4:11434, models.example or [::1]:8080")
    }
}

impl std::error::Error for NotAnEntry {}

impl FromStr for EgressEntry {
    type Err = NotAnEntry;

    fn from_str(text: &str) -> Result<Self, NotAnEntry> {
        let end = if text.starts_with('[') {
            text.find(']').map(|bracket| bracket + 1).ok_or(NotAnEntry)?
        } else {
            text.find(':').unwrap_or(text.len())
        };
        let (host_text, rest) = text.split_at_checked(end).ok_or(NotAnEntry)?;
        let port = match rest.strip_prefix(':') {
            Some(digits) => Some(parse_port(digits)?),
            None if rest.is_empty() => None,
            None => return Err(NotAnEntry),
        };
        let host = Host::parse(host_text).map_err(|_| NotAnEntry)?;
        // An address has one spelling here: what an operator reads is what is opened.
        let is_plain = match &host {
            Host::Name(_) => true,
            Host::Address(address) if address.is_ipv4() => address.to_string() == host_text,
            Host::Address(_) => host_text.starts_with('['),
        };
        if is_plain { Ok(Self { host, port, ca: None }) } else { Err(NotAnEntry) }
    }
}

impl EgressEntry {
    /// With an authority of its own: the host's certificate may come from it, as from those of the system.
    #[must_use]
    pub fn with_ca(self, ca: PrivateCa) -> Self {
        Self { ca: Some(ca), ..self }
    }

    pub(super) const fn ca(&self) -> Option<&PrivateCa> {
        self.ca.as_ref()
    }

    /// Whether it opens this place.
    pub(super) fn opens(&self, place: &Place) -> bool {
        let usual_port = match place.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        self.host == place.host && self.port.unwrap_or(usual_port) == place.port
    }
}

/// As it is read.
impl fmt::Display for EgressEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => write!(f, "{}", self.host),
        }
    }
}

fn parse_port(digits: &str) -> Result<u16, NotAnEntry> {
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    let port = if is_number { digits.parse().ok() } else { None };
    port.filter(|port| *port != 0).ok_or(NotAnEntry)
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn an_entry_is_a_host_with_or_without_a_port() {
        for text in [
            "10.0.3.4:11434",
            "10.0.3.4",
            "models.example",
            "models.example:8443",
            "ollama",
            "localhost:1",
            "[::1]:8080",
            "[::1]",
            "[fd00::1]:65535",
        ] {
            assert_eq!(text.parse::<EgressEntry>().unwrap().to_string(), text);
        }
        assert_eq!("Ollama.Example".parse::<EgressEntry>().unwrap().to_string(), "ollama.example");
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for text in [
            "",
            ":80",
            "*",
            "*.example",
            "a:",
            "a:0",
            "a:65536",
            "a:+1",
            "a:b",
            "a:1:2",
            "::1",
            "::1:80",
            "[::1",
            "[]",
            "[::1]x",
            "[::1]80",
            "[a]",
            "https://a",
            "a/b",
            "a b",
            " a",
            "user@a",
            "a.",
            "a..b",
            "0x7f.1",
            "127.1",
            "2130706433",
            "0177.0.0.1",
            "10.0.0.0/8",
            "a?b",
            "a#b",
            "a\\b",
            "[127.0.0.1]",
        ] {
            assert!(text.parse::<EgressEntry>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_entry_opens_one_host_and_one_port() {
        let opens = |entry: &str, url: &str| {
            entry.parse::<EgressEntry>().unwrap().opens(&Place::of(&Url::parse(url).unwrap()).unwrap())
        };
        assert!(opens("ollama:11434", "http://ollama:11434") && opens("ollama:11434", "https://ollama:11434"));
        assert!(!opens("ollama:11434", "http://ollama") && !opens("ollama:11434", "http://ollama:11435"));
        assert!(opens("ollama", "http://ollama") && opens("ollama", "https://ollama"));
        assert!(!opens("ollama", "http://ollama:443") && !opens("ollama", "https://ollama:80"));
        assert!(!opens("ollama", "http://a.ollama") && !opens("ollama", "http://ollama.a"));
        assert!(opens("10.0.3.4:80", "http://10.0.3.4") && !opens("10.0.3.4:80", "http://10.0.3.5"));
        assert!(opens("[::1]:8080", "http://[0::1]:8080") && !opens("127.0.0.1", "http://[::ffff:127.0.0.1]"));
    }
}
