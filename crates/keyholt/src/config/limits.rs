//! How much is let through (design/decisions.md 10).

use std::num::NonZeroU32;

use clap::Args;
use keyholt_engine::{Rate, RateLimits};
use serde::Deserialize;

use super::UsageError;

/// The most requests a second that a limit may be: one for each microsecond.
const MOST: u32 = 1_000_000;

/// The options on limits, a table of their own in the file. Zero is no limit.
#[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Requests a second of one API key, and as many at once; 0 for no limit [default: 2000]
    #[arg(id = "limits_per_api_key", long = "limits-per-api-key", value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(..=i64::from(MOST)))]
    per_api_key: Option<u32>,

    /// Requests a second of all API keys of one organisation, and as many at once; 0 for no limit [default: 0]
    #[arg(id = "limits_per_org", long = "limits-per-org", value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(..=i64::from(MOST)))]
    per_org: Option<u32>,

    /// Requests a second from one address that have no valid API key; those that have one are never held up by it;
    /// 0 for no limit [default: 50]
    #[arg(id = "limits_refused_per_address", long = "limits-refused-per-address", value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(..=i64::from(MOST)))]
    refused_per_address: Option<u32>,

    /// How many of those may come at once, 1 or more [default: 500]
    #[arg(id = "limits_refused_burst", long = "limits-refused-burst", value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    refused_burst: Option<u32>,

    /// Connections at a time, 1 or more; what comes beyond that is closed [default: 16384]
    #[arg(id = "limits_connections", long = "limits-connections", value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    connections: Option<u32>,

    /// Connections at a time from one address, of IPv6 from one /64; those of --forwarders are not counted; 0 for no
    /// limit [default: 4096]
    #[arg(id = "limits_connections_per_address", long = "limits-connections-per-address", value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(..=i64::from(MOST)))]
    connections_per_address: Option<u32>,
}

/// How many connections there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConnectionLimits {
    /// At a time.
    pub(crate) all: usize,
    /// The most of them from one address; zero is no limit.
    pub(crate) per_address: usize,
}

impl Limits {
    /// These options, and those of another source where these do not say anything.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            per_api_key: self.per_api_key.or(other.per_api_key),
            per_org: self.per_org.or(other.per_org),
            refused_per_address: self.refused_per_address.or(other.refused_per_address),
            refused_burst: self.refused_burst.or(other.refused_burst),
            connections: self.connections.or(other.connections),
            connections_per_address: self.connections_per_address.or(other.connections_per_address),
        }
    }

    /// The limits, defaults filled in.
    ///
    /// # Errors
    /// When one is beyond the bounds, which the file does not check by itself; names the option.
    pub(super) fn rates(&self) -> Result<RateLimits, UsageError> {
        let alone = |option: &str, count: Option<u32>, default: u32| {
            let count = up_to_most(option, count.unwrap_or(default))?;
            Ok(NonZeroU32::new(count).map(|count| Rate { per_second: count, burst: count }))
        };
        let refused = up_to_most("refused_per_address", self.refused_per_address.unwrap_or(50))?;
        let burst = up_to_most("refused_burst", self.refused_burst.unwrap_or(500))?;
        let burst = NonZeroU32::new(burst).ok_or_else(|| {
            UsageError(
                "limits.refused_burst: must be 1 or more; no limit is limits.refused_per_address = 0".into(),
            )
        })?;
        Ok(RateLimits {
            per_api_key: alone("per_api_key", self.per_api_key, 2000)?,
            per_org: alone("per_org", self.per_org, 0)?,
            refused_per_address: NonZeroU32::new(refused).map(|per_second| Rate { per_second, burst }),
        })
    }
}

impl Limits {
    /// The limits of connections, defaults filled in.
    ///
    /// # Errors
    /// As [`rates`](Self::rates).
    pub(super) fn connections(&self) -> Result<ConnectionLimits, UsageError> {
        let all = up_to_most("connections", self.connections.unwrap_or(16_384))?;
        if all == 0 {
            return Err(UsageError("limits.connections: must be 1 or more".to_owned()));
        }
        let per_address = up_to_most("connections_per_address", self.connections_per_address.unwrap_or(4_096))?;
        Ok(ConnectionLimits { all: all as usize, per_address: per_address as usize })
    }
}

fn up_to_most(option: &str, count: u32) -> Result<u32, UsageError> {
    if count <= MOST { Ok(count) } else { Err(UsageError(format!("limits.{option}: must be 0 to {MOST}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: u32, burst: u32) -> Option<Rate> {
        Some(Rate { per_second: NonZeroU32::new(per_second)?, burst: NonZeroU32::new(burst)? })
    }

    fn read(file: &str) -> Result<RateLimits, UsageError> {
        toml::from_str::<Limits>(file).unwrap().rates()
    }

    #[test]
    fn without_any_option_the_defaults_hold() {
        let expected =
            RateLimits { per_api_key: rate(2000, 2000), per_org: None, refused_per_address: rate(50, 500) };
        assert_eq!(read("").unwrap(), expected);
    }

    #[test]
    fn zero_is_no_limit() {
        assert_eq!(read("per_api_key = 0\nrefused_per_address = 0").unwrap(), RateLimits::default());
    }

    #[test]
    fn each_option_sets_its_own_limit() {
        let limits = read("per_api_key = 1\nper_org = 2\nrefused_per_address = 3\nrefused_burst = 4").unwrap();
        let expected =
            RateLimits { per_api_key: rate(1, 1), per_org: rate(2, 2), refused_per_address: rate(3, 4) };
        assert_eq!(limits, expected);
    }

    #[test]
    fn a_limit_beyond_the_bounds_is_refused_by_its_name() {
        for (line, expected) in [
            ("per_api_key = 1_000_001", "limits.per_api_key: must be 0 to 1000000"),
            ("per_org = 1_000_001", "limits.per_org: "),
            ("refused_per_address = 4_294_967_295", "limits.refused_per_address: "),
            ("refused_burst = 1_000_001", "limits.refused_burst: "),
            ("refused_burst = 0", "limits.refused_burst: must be 1 or more"),
        ] {
            let said = read(line).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
        for (line, expected) in [
            ("connections = 0", "limits.connections: must be 1 or more"),
            ("connections = 1_000_001", "limits.connections: must be 0 to 1000000"),
            ("connections_per_address = 1_000_001", "limits.connections_per_address: "),
        ] {
            let said = toml::from_str::<Limits>(line).unwrap().connections().unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn one_address_has_a_quarter_of_the_connections_unless_said_otherwise() {
        let read = |file: &str| toml::from_str::<Limits>(file).unwrap().connections().unwrap();
        assert_eq!(read(""), ConnectionLimits { all: 16_384, per_address: 4_096 });
        let given = read("connections = 7\nconnections_per_address = 0");
        assert_eq!(given, ConnectionLimits { all: 7, per_address: 0 });
    }
}
