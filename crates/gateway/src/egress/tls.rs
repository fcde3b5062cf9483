//! Whose certificates are believed. There is no way to believe all.

use std::fmt;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};
use rustls_platform_verifier::{BuilderVerifierExt, Verifier};

/// How many sessions one client keeps to make its next handshakes shorter.
const SESSIONS: usize = 8;

/// The authority of an entry's certificates, beside the system's: an entry for a place with a certificate of a public
/// authority works as it did.
#[derive(Clone)]
pub struct PrivateCa(ClientConfig);

impl fmt::Debug for PrivateCa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateCa")
    }
}

/// Bytes that hold no certificate of an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one or more certificates in PEM")]
pub struct NotACa;

impl PrivateCa {
    /// Reads certificates in PEM (RFC 7468); at least one.
    ///
    /// # Errors
    /// When there is none, or one cannot be read.
    pub fn parse(pem: &[u8]) -> Result<Self, NotACa> {
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let certificates = certificates.map_err(|_| NotACa)?;
        if certificates.is_empty() {
            return Err(NotACa);
        }
        // One that cannot be read as a certificate is refused here; the system's are added where there are any.
        let verifier = Verifier::new_with_extra_roots(certificates, Arc::new(aws_lc_rs::default_provider()));
        let verifier = Arc::new(verifier.map_err(|_| NotACa)?);
        // What is dangerous would be another verifier: this is the one that is used without an entry too.
        let builder = builder().ok_or(NotACa)?.dangerous().with_custom_certificate_verifier(verifier);
        Ok(Self(finish(builder.with_no_client_auth())))
    }
}

/// The system's authorities, read once.
pub(super) struct Trust {
    /// None when the system has none.
    system: Option<ClientConfig>,
}

impl Trust {
    /// Reads the system's certificates, as every other program here does.
    pub(super) fn of_system() -> Self {
        let with_roots = |builder: ConfigBuilder<ClientConfig, WantsVerifier>| {
            builder.with_platform_verifier().ok().map(|builder| finish(builder.with_no_client_auth()))
        };
        Self { system: builder().and_then(with_roots) }
    }

    /// Whether the system has any.
    pub(super) const fn has_roots(&self) -> bool {
        self.system.is_some()
    }

    /// The TLS of one client, which shares no session with another: a session that is taken up again tells an
    /// upstream that two clients are one. None when there is nobody to believe.
    pub(super) fn client(&self, ca: Option<&PrivateCa>) -> Option<ClientConfig> {
        let mut config = ca.map(|ca| &ca.0).or(self.system.as_ref())?.clone();
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        Some(config)
    }
}

/// TLS 1.2 and 1.3 (design/security.md C), with the one provider of primitives.
fn builder() -> Option<ConfigBuilder<ClientConfig, WantsVerifier>> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    builder.with_protocol_versions(&[&TLS13, &TLS12]).ok()
}

/// HTTP/1.1 only: one request at a time on a connection, so that to close it is to cancel the request, and a slow
/// answer holds up no other one.
fn finish(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_no_certificate_is_no_authority() {
        for pem in ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert_eq!(PrivateCa::parse(pem.as_bytes()).unwrap_err(), NotACa, "{pem}");
        }
    }
}
