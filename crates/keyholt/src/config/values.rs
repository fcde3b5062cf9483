//! The kinds of values that options have.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use clap::ValueEnum;
use keyholt_types::AddressRange;
use serde::{Deserialize, Deserializer};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// The least important lines that are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    /// Faults.
    Error,
    /// What should be looked at.
    Warn,
    /// Starting, stopping, work in the background.
    Info,
    /// More.
    Debug,
    /// All there is.
    Trace,
}

/// The URL of the database as it was given: it may hold a password, and does not print.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct DatabaseUrl(pub(super) String);

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(**)")
    }
}

/// Where metrics are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum MetricsListen {
    /// Nowhere.
    Off,
    /// At this address.
    At(SocketAddr),
}

impl FromStr for MetricsListen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            _ => text
                .parse()
                .map(Self::At)
                .map_err(|_| "must be an address and a port such as 127.0.0.1:9787, or off".to_owned()),
        }
    }
}

impl TryFrom<String> for MetricsListen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Reads addresses and networks from a list of texts.
pub(super) fn address_ranges<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Vec<AddressRange>>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let ranges = texts.iter().map(|text| text.parse()).collect::<Result<_, _>>();
    ranges.map(Some).map_err(serde::de::Error::custom)
}
