//! Addresses and networks: forwarders that are believed, and where an API key may be used from.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An address, or a network of them in CIDR notation (RFC 4632, RFC 4291 2.3): `192.0.2.7`, `10.0.0.0/8`,
/// `2001:db8::/32`. Bits of the address beyond the prefix do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    network: IpAddr,
    bits: u8,
}

/// A text that is no address and no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnAddressRange;

impl fmt::Display for NotAnAddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be an address or a network such as 10.0.0.0/8")
    }
}

impl std::error::Error for NotAnAddressRange {}

impl FromStr for AddressRange {
    type Err = NotAnAddressRange;

    fn from_str(text: &str) -> Result<Self, NotAnAddressRange> {
        let (network, bits) = match text.split_once('/') {
            Some((network, bits)) if bits.bytes().all(|digit| digit.is_ascii_digit()) => {
                (network, Some(bits.parse::<u8>().map_err(|_| NotAnAddressRange)?))
            }
            Some(_) => return Err(NotAnAddressRange),
            None => (text, None),
        };
        let network: IpAddr = network.parse().map_err(|_| NotAnAddressRange)?;
        let width = if network.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        if bits > width { Err(NotAnAddressRange) } else { Ok(Self { network, bits }) }
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.bits)
    }
}

impl AddressRange {
    /// Whether an address is in it. An IPv4 address in IPv6 form counts as the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        // Shifting by the whole width overflows: then every address is in it.
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(32 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_addresses_or_networks() {
        let contains = |range: &str, address: &str| {
            range.parse::<AddressRange>().unwrap().contains(address.parse().unwrap())
        };
        assert!(contains("10.0.0.0/8", "10.255.0.1") && !contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("0.0.0.0/0", "203.0.113.9") && !contains("0.0.0.0/0", "::1"));
        assert!(contains("2001:db8::/32", "2001:db8:ffff::1") && contains("::/0", "::1"));
        assert!(contains("192.0.2.1", "192.0.2.1") && !contains("192.0.2.1", "192.0.2.0"));
        assert!(contains("192.0.2.0/24", "::ffff:192.0.2.9"));
        for wrong in [
            "",
            "x",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "::/129",
            "10.0.0.0/",
            "10.0.0/8",
            "10.0.0.0/8/8",
            " 10.0.0.0/8",
            "10.0.0.0/256",
            "010.0.0.1",
            "0x7f.1",
            "localhost",
        ] {
            assert_eq!(wrong.parse::<AddressRange>(), Err(NotAnAddressRange), "{wrong}");
        }
    }

    #[test]
    fn a_range_is_read_as_it_is_written() {
        for text in ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::/0"] {
            assert_eq!(text.parse::<AddressRange>().unwrap().to_string(), text);
        }
    }
}
