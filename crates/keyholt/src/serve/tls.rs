//! The server's certificate.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;

/// Reads the certificates and their key.
///
/// # Errors
/// When a file cannot be read, holds something else, or the key belongs to another certificate.
pub(super) fn load(files: &TlsFiles) -> Result<Arc<ServerConfig>> {
    let (cert, key) = (files.cert.display(), files.key.display());
    let chain = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("tls_cert: {cert} cannot be read as PEM"))?;
    ensure!(!chain.is_empty(), "tls_cert: {cert} holds no certificate");
    let private_key = PrivateKeyDer::from_pem_file(&files.key)
        .with_context(|| format!("tls_key: {key} cannot be read as a PEM private key"))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private_key)
        .with_context(|| format!("the certificate in {cert} and the key in {key} do not go together"))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
