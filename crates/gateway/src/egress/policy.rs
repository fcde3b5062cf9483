//! Which places may be reached.

use std::net::IpAddr;

use url::Url;

use super::address::{is_public, may_be_named};
use super::entry::EgressEntry;
use super::place::{EgressRefused, Host, Place, Scheme};
use super::tls::PrivateCa;

/// Without an entry: https, port 443, a DNS name, public addresses. With one: what it opens.
#[derive(Debug, Clone, Default)]
pub struct EgressPolicy {
    /// The operator's entries.
    pub allowed: Vec<EgressEntry>,
}

impl EgressPolicy {
    /// Whether a record's URL may be reached, as far as it tells by itself: the addresses of its name are checked
    /// for each connection, with [`Permit::check_addresses`].
    ///
    /// # Errors
    /// Why it may not.
    pub fn check_url(&self, url: &Url) -> Result<Permit, EgressRefused> {
        let place = Place::of(url)?;
        if let Some(entry) = self.allowed.iter().find(|entry| entry.opens(&place)) {
            return Ok(Permit { place, is_entry: true, ca: entry.ca().cloned() });
        }
        match (&place.host, place.scheme, place.port) {
            (Host::Address(_), Scheme::Http | Scheme::Https, _) => Err(EgressRefused::Address),
            (Host::Name(_), Scheme::Http, _) => Err(EgressRefused::PlainHttp),
            (Host::Name(_), Scheme::Https, 443) => Ok(Permit { place, is_entry: false, ca: None }),
            (Host::Name(_), Scheme::Https, _) => Err(EgressRefused::Port),
        }
    }
}

/// A place that may be reached, provided that its addresses are what they must be.
#[derive(Debug, Clone)]
pub struct Permit {
    place: Place,
    /// Whether the operator lists the place.
    is_entry: bool,
    ca: Option<PrivateCa>,
}

impl Permit {
    /// Which place.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    pub(super) const fn ca(&self) -> Option<&PrivateCa> {
        self.ca.as_ref()
    }

    /// Whether all addresses that the place's name has now may be connected to; one that may not spoils them all,
    /// since a name with both kinds is what a rebinding attack looks like.
    ///
    /// # Errors
    /// [`EgressRefused::NoAddress`] and [`EgressRefused::NotPublic`].
    pub fn check_addresses(&self, addresses: &[IpAddr]) -> Result<(), EgressRefused> {
        let is_right = |address: &IpAddr| match &self.place.host {
            Host::Address(own) => self.is_entry && own == address,
            Host::Name(_) if self.is_entry => may_be_named(*address),
            Host::Name(_) => is_public(*address),
        };
        if addresses.is_empty() {
            Err(EgressRefused::NoAddress)
        } else if addresses.iter().all(is_right) {
            Ok(())
        } else {
            Err(EgressRefused::NotPublic)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The certificate of an authority that was made for this test and signs nothing.
    const CA: &[u8] = b"\
-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUSe3s7R64eQSPWEIkjWvsdXwE+iUwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOdGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMTA0OTU1WhgPMjEy
NjEwMjgxMDQ5NTVaMBkxFzAVBgNVBAMMDnRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEQYqHpQtrDKyEof/U1fagTEDmnnp7wlqSVSwhT5Cg
ovmDp55+xqXdF7kIE1BSmjDLDsgYG1bCP4Ws4vM7/8Y0FqNTMFEwHQYDVR0OBBYE
FIfkPmqGUQJebUKFiwhCKamaMJmZMB8GA1UdIwQYMBaAFIfkPmqGUQJebUKFiwhC
KamaMJmZMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhALM0Hf5D
9FgiUqidNTAJ54Vjntb0OJq1DbFg2SY8uKilAiA0EtSHt7uEvuSMK1fcwCBuOvbK
3ZuOUqEC6zAejCSCFA==
-----END CERTIFICATE-----";

    #[test]
    fn an_entrys_authority_is_for_that_entry_and_never_for_the_public_internet() {
        let ca = PrivateCa::parse(CA).unwrap();
        let with_ca = |entry: &str| entry.parse::<EgressEntry>().unwrap().with_ca(ca.clone());
        let allowed =
            vec![with_ca("models.internal:8443"), with_ca("10.0.3.4"), "plain.internal".parse().unwrap()];
        let policy = EgressPolicy { allowed };
        for (url, expected) in [
            ("https://models.internal:8443/v1", true),
            ("https://10.0.3.4/v1", true),
            ("https://plain.internal/v1", false),
            // The same name at the port of the public internet.
            ("https://models.internal/v1", false),
            ("https://api.openai.com/v1", false),
        ] {
            let permit = policy.check_url(&Url::parse(url).unwrap()).unwrap();
            assert_eq!(permit.ca().is_some(), expected, "{url}");
        }
    }
}
