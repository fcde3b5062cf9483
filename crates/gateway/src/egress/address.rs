//! Which addresses are out in the internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks, with the bits of their prefixes, that are not public: IANA's registry of special-purpose addresses
/// (RFC 6890), and more.
const PRIVATE_V4: &[(Ipv4Addr, u32)] = &[
    // "This network"; on Linux, 0.0.0.0 is the machine itself.
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Carriers' NAT.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local: the clouds' metadata services.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    // Protocol assignments; Oracle's metadata service is 192.0.0.192.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation.
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    // Relays of 6to4, which may lead back inside.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Benchmarks.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Documentation.
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Azure's channel to its virtual machines: a public address that is answered from inside.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    // Multicast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved, broadcast among them.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Networks within 2000::/3 that are not public.
const PRIVATE_V6: &[(Ipv6Addr, u32)] = &[
    // Protocol assignments: Teredo, ORCHID, benchmarks.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// All that is allocated to be public (RFC 4291 2.4); what lies outside is loopback, unspecified, link-local,
/// site-local (fec0::/10), unique local (fc00::/7), multicast, discard (100::/64), deprecated (::/96) or reserved.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Whether an address is out in the internet, so that nobody's private network answers there (design/security.md C).
/// An IPv6 address that stands for an IPv4 one (mapped, NAT64, 6to4) is what that one is.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inner) => is_public_v4(inner),
            None => is_in_v6(address, GLOBAL_V6) && !PRIVATE_V6.iter().any(|range| is_in_v6(address, *range)),
        },
    }
}

/// Whether an address may be reached by an operator's entry that names a host and not the address itself: public
/// ones, and those of private networks and of the machine. What is left out are the clouds' metadata services and
/// what is no place of a server, since whoever can change a name would otherwise reach them too.
pub(super) fn may_be_named(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let is_inside = match address {
        IpAddr::V4(address) => {
            let is_carrier = is_in_v4(address, (Ipv4Addr::new(100, 64, 0, 0), 10));
            // Alibaba's metadata service lies in a carrier's range, where private overlays are too.
            let is_metadata = address == Ipv4Addr::new(100, 100, 100, 200);
            address.is_loopback() || address.is_private() || is_carrier && !is_metadata
        }
        IpAddr::V6(address) => {
            // The metadata services of AWS and Google.
            let is_metadata = [
                Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
                Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
            ]
            .contains(&address);
            address.is_loopback() || address.is_unique_local() && !is_metadata
        }
    };
    is_inside || is_public(address)
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !PRIVATE_V4.iter().any(|range| is_in_v4(address, *range))
}

/// The IPv4 address to which an IPv6 address leads: mapped (::ffff:0:0/96, RFC 4291 2.5.5.2), through NAT64
/// (64:ff9b::/96, RFC 6052) or 6to4 (2002::/16, RFC 3056).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
    const SIX_TO_FOUR: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);
    let [_, _, a, b, c, d, .., w, x, y, z] = address.octets();
    if address.to_ipv4_mapped().is_some() || is_in_v6(address, NAT64) {
        Some(Ipv4Addr::new(w, x, y, z))
    } else if is_in_v6(address, SIX_TO_FOUR) {
        Some(Ipv4Addr::new(a, b, c, d))
    } else {
        None
    }
}

fn is_in_v4(address: Ipv4Addr, (network, bits): (Ipv4Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0
}

fn is_in_v6(address: Ipv6Addr, (network, bits): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first and the last address of each range that is denied, and their neighbours outside.
    const RANGES: &[(&str, &str, Option<&str>, Option<&str>)] = &[
        ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
        ("10.0.0.0", "10.255.255.255", Some("9.255.255.255"), Some("11.0.0.0")),
        ("100.64.0.0", "100.127.255.255", Some("100.63.255.255"), Some("100.128.0.0")),
        ("127.0.0.0", "127.255.255.255", Some("126.255.255.255"), Some("128.0.0.0")),
        ("168.63.129.16", "168.63.129.16", Some("168.63.129.15"), Some("168.63.129.17")),
        ("169.254.0.0", "169.254.255.255", Some("169.253.255.255"), Some("169.255.0.0")),
        ("172.16.0.0", "172.31.255.255", Some("172.15.255.255"), Some("172.32.0.0")),
        ("192.0.0.0", "192.0.0.255", Some("191.255.255.255"), Some("192.0.1.0")),
        ("192.0.2.0", "192.0.2.255", Some("192.0.1.255"), Some("192.0.3.0")),
        ("192.88.99.0", "192.88.99.255", Some("192.88.98.255"), Some("192.88.100.0")),
        ("192.168.0.0", "192.168.255.255", Some("192.167.255.255"), Some("192.169.0.0")),
        ("198.18.0.0", "198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
        ("198.51.100.0", "198.51.100.255", Some("198.51.99.255"), Some("198.51.101.0")),
        ("203.0.113.0", "203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
        ("224.0.0.0", "239.255.255.255", Some("223.255.255.255"), None),
        ("240.0.0.0", "255.255.255.255", None, None),
        ("::", "::ffff", None, None),
        ("::a00:1", "::ffff:ffff", None, None),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", None, None),
        ("100::", "100::ffff:ffff:ffff:ffff", None, None),
        ("1fff:ffff::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, Some("2000::")),
        ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Some("2000:ffff::"), Some("2001:200::")),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Some("2001:db7::"), Some("2001:db9::")),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Some("3ffe:ffff::"), Some("3fff:1000::")),
        ("4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some("3fff:ffff::"), None),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
        ("fd00:ec2::254", "fd20:ce::254", None, None),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
    ];

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_denied_range_is_denied_from_end_to_end_and_no_further() {
        for (first, last, below, above) in RANGES {
            assert!(!is_public(address(first)), "{first}");
            assert!(!is_public(address(last)), "{last}");
            for outside in [below, above].into_iter().flatten() {
                assert!(is_public(address(outside)), "{outside}");
            }
        }
    }

    #[test]
    fn an_ipv4_address_in_another_form_is_what_it_is() {
        for (first, last, below, above) in RANGES {
            for (text, expected) in
                [(Some(*first), false), (Some(*last), false), (*below, true), (*above, true)]
            {
                let Some(IpAddr::V4(inner)) = text.map(address) else { continue };
                let ([a, b, c, d], bits) = (inner.octets(), u128::from(inner.to_bits()));
                for outer in [
                    inner.to_ipv6_mapped(),
                    Ipv6Addr::from_bits((0x64_ff9b << 96) | bits),
                    Ipv6Addr::from_bits((0x2002 << 112) | bits << 80 | 0x1234),
                ] {
                    assert_eq!(is_public(IpAddr::V6(outer)), expected, "{inner} as {outer}");
                }
                // IPv4-compatible addresses are deprecated and denied, whatever they hold.
                let compatible = Ipv4Addr::new(a, b, c, d).to_ipv6_compatible();
                assert!(!is_public(IpAddr::V6(compatible)), "{compatible}");
            }
        }
    }

    #[test]
    fn well_known_places_are_told_apart() {
        for text in ["1.1.1.1", "8.8.8.8", "104.18.7.192", "2606:4700::6812:7c0", "2a00:1450:4001::200e"] {
            assert!(is_public(address(text)), "{text}");
        }
        for text in ["127.0.0.1", "::1", "169.254.169.254", "::ffff:169.254.169.254", "10.0.3.4", "0.0.0.0"] {
            assert!(!is_public(address(text)), "{text}");
        }
    }

    #[test]
    fn a_named_place_is_a_private_network_and_no_metadata_service() {
        for text in [
            "127.0.0.1",
            "10.0.3.4",
            "172.17.0.2",
            "192.168.1.9",
            "100.101.102.103",
            "::1",
            "fd12:3456::1",
            "::ffff:10.0.3.4",
            "1.1.1.1",
            "2606:4700::1",
        ] {
            assert!(may_be_named(address(text)), "{text}");
        }
        for text in [
            "0.0.0.0",
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::1",
            "::",
            "224.0.0.1",
            "255.255.255.255",
            "::ffff:169.254.169.254",
            "2002:a9fe:a9fe::",
            "64:ff9b::a9fe:a9fe",
        ] {
            assert!(!may_be_named(address(text)), "{text}");
        }
    }
}
