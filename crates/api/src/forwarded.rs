//! The address that a request came from, behind forwarders that are believed.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::FORWARDED;
use keyholt_types::AddressRange;

/// The address of the client: the rightmost hop that is no believed forwarder.
///
/// `X-Forwarded-For` and `Forwarded` (RFC 7239) are read only from a peer that is one. If a request has
/// both, one of them was not written by the forwarder, and neither is believed.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, forwarders: &[AddressRange]) -> IpAddr {
    let is_believed = |address: IpAddr| forwarders.iter().any(|range| range.contains(address));
    let mut address = peer.to_canonical();
    if !is_believed(address) {
        return address;
    }
    let elements = |name: http::HeaderName| {
        let lines = headers.get_all(name).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
        // What is no text is a hop that cannot be read; the others of its line can.
        lines.map(|hop| std::str::from_utf8(hop).unwrap_or_default().trim()).collect::<Vec<_>>()
    };
    let simple = elements(http::HeaderName::from_static("x-forwarded-for"));
    let standard = elements(FORWARDED);
    let hops: Vec<_> = match (simple.as_slice(), standard.as_slice()) {
        (hops, []) => hops.iter().map(|hop| parse_hop(hop)).collect(),
        ([], hops) => hops.iter().map(|hop| parse_hop(forwarded_for(hop)?)).collect(),
        _ => return address,
    };
    for hop in hops.into_iter().rev() {
        match hop {
            Some(hop) if is_believed(address) => address = hop,
            _ => break,
        }
    }
    address
}

/// The `for` parameter of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<&str> {
    let mut parameters = element.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    parameters.find(|(name, _)| name.eq_ignore_ascii_case("for")).map(|(_, node)| node.trim_matches('"'))
}

/// `192.0.2.7`, `192.0.2.7:47011`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:47011`.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let address = match hop.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?.0,
        None => match hop.split_once(':') {
            Some((address, port)) if !port.contains(':') => address,
            _ => hop,
        },
    };
    address.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)], forwarders: &[&str]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let forwarders: Vec<AddressRange> = forwarders.iter().map(|range| range.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), &map, &forwarders).to_string()
    }

    #[test]
    fn nobody_is_believed_by_default() {
        let headers = [("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client("192.0.2.1", &headers, &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &headers, &["192.0.2.2"]), "192.0.2.1");
        assert_eq!(client("::ffff:192.0.2.1", &headers, &[]), "192.0.2.1");
    }

    #[test]
    fn the_rightmost_hop_that_is_no_forwarder_is_the_client() {
        let believed = ["10.0.0.0/8"];
        let hops = |line: &'static str| client("10.0.0.1", &[("x-forwarded-for", line)], &believed);
        assert_eq!(hops("203.0.113.9"), "203.0.113.9");
        assert_eq!(hops("1.2.3.4, 203.0.113.9, 10.9.9.9"), "203.0.113.9");
        assert_eq!(hops("1.2.3.4, nonsense, 10.9.9.9"), "10.9.9.9");
        assert_eq!(hops("2001:db8::7"), "2001:db8::7");
        assert_eq!(hops("[2001:db8::7]:80, 10.0.0.2:4711"), "2001:db8::7");
        let mut latin_1 = HeaderMap::new();
        latin_1.append("x-forwarded-for", http::HeaderValue::from_bytes(b"\xff, 203.0.113.9").unwrap());
        let forwarders = ["10.0.0.0/8".parse().unwrap()];
        let client_of = |headers| client_address("10.0.0.1".parse().unwrap(), headers, &forwarders).to_string();
        assert_eq!(client_of(&latin_1), "203.0.113.9");
        let two_lines = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client("10.0.0.1", &two_lines, &believed), "203.0.113.9");
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_says() {
        let hops = |line: &'static str| client("10.0.0.1", &[("forwarded", line)], &["10.0.0.0/8"]);
        assert_eq!(hops("for=203.0.113.9;proto=https"), "203.0.113.9");
        assert_eq!(hops("proto=https; For=\"[2001:db8::7]:80\", for=10.0.0.5"), "2001:db8::7");
        assert_eq!(hops("for=_hidden"), "10.0.0.1");
        let both = [("forwarded", "for=1.2.3.4"), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client("10.0.0.1", &both, &["10.0.0.0/8"]), "10.0.0.1");
    }
}
