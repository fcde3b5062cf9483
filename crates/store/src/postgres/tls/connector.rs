//! What does TLS: the certificates to trust, and the one to show.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::ConnectProblem;
use crate::postgres::url::PostgresUrl;

/// What does TLS for a URL. Files and the system's roots are read once, when they can be.
///
/// # Errors
/// When a file cannot be read, or holds something else.
pub(super) fn connector(url: &PostgresUrl) -> Result<MakeRustlsConnect, ConnectProblem> {
    if let Some(connector) = url.connector().get() {
        return Ok(connector.clone());
    }
    let made = MakeRustlsConnect::new(client_config(url)?);
    // Of two at once the first stays, for its sessions.
    Ok(url.connector().get_or_init(|| made).clone())
}

fn client_config(url: &PostgresUrl) -> Result<ClientConfig, ConnectProblem> {
    let unusable = |problem: rustls::Error| ConnectProblem::Roots { problem: problem.to_string() };
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let builder = match url.roots() {
        Some(file) => builder.with_root_certificates(roots_in(file)?),
        None => builder.with_platform_verifier().map_err(unusable)?,
    };
    let Some(own) = url.client_certificate() else { return Ok(builder.with_no_client_auth()) };
    let key =
        PrivateKeyDer::from_pem_file(&own.key).map_err(|problem| file_problem("sslkey", &own.key, problem))?;
    builder
        .with_client_auth_cert(certificates_in("sslcert", &own.chain)?, key)
        .map_err(|problem| file_problem("sslcert", &own.chain, problem))
}

fn roots_in(file: &Path) -> Result<RootCertStore, ConnectProblem> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates_in("sslrootcert", file)? {
        roots.add(certificate).map_err(|problem| file_problem("sslrootcert", file, problem))?;
    }
    Ok(roots)
}

fn certificates_in(
    parameter: &'static str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, ConnectProblem> {
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|problem| file_problem(parameter, file, problem))?;
    match certificates.is_empty() {
        true => Err(file_problem(parameter, file, "it holds no certificate")),
        false => Ok(certificates),
    }
}

fn file_problem(parameter: &'static str, file: &Path, problem: impl ToString) -> ConnectProblem {
    ConnectProblem::File { parameter, file: file.to_owned(), problem: problem.to_string() }
}
