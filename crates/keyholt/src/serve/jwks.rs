//! Fetching the key sets of issuers (design/security.md B.8).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use keyholt_engine::{Engine, FetchJwks, FetchProblem, Fetching, JwtOptions};
use keyholt_types::{JwksPlace, JwtIssuer};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, StatusCode};
use tokio_util::sync::CancellationToken;

/// The most bytes of a key set: what is longer is not read to its end.
const MOST_BYTES: usize = 256 * 1024;

/// Whose tokens are taken; none when nobody's are.
///
/// # Errors
/// When a file of certificates cannot be read.
pub(super) fn options(issuers: &[JwtIssuer]) -> Result<Option<JwtOptions>> {
    if issuers.is_empty() {
        return Ok(None);
    }
    let fetch = Arc::new(Fetcher::new(issuers)?);
    Ok(Some(JwtOptions { issuers: issuers.to_vec(), fetch }))
}

/// Keeps the key sets up to date until shutdown.
pub(super) async fn keep(engine: &Engine, shutdown: CancellationToken) {
    shutdown.run_until_cancelled(engine.keep_jwt_keys()).await;
}

/// Fetches key sets over https or from files.
struct Fetcher {
    /// A client for each file of certificates, and one that trusts the public authorities.
    clients: BTreeMap<Option<PathBuf>, Client>,
}

impl Fetcher {
    fn new(issuers: &[JwtIssuer]) -> Result<Self> {
        let mut clients = BTreeMap::new();
        for issuer in issuers {
            if let JwksPlace::Url { ca_file, .. } = &issuer.keys
                && !clients.contains_key(ca_file)
            {
                clients.insert(ca_file.clone(), client(ca_file.as_deref())?);
            }
        }
        Ok(Self { clients })
    }

    async fn over_https(&self, url: &str, ca_file: &Option<PathBuf>) -> Result<Vec<u8>, FetchProblem> {
        let client = self.clients.get(ca_file).ok_or(FetchProblem("there is no client for it"))?;
        let mut answer = client.get(url).send().await.map_err(|error| problem_of(&error))?;
        if answer.status() != StatusCode::OK {
            return Err(FetchProblem("the server answered with a status other than 200"));
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| problem_of(&error))? {
            body.extend_from_slice(&part);
            if body.len() > MOST_BYTES {
                return Err(TOO_LONG);
            }
        }
        Ok(body)
    }
}

impl FetchJwks for Fetcher {
    fn fetch<'a>(&'a self, place: &'a JwksPlace) -> Fetching<'a> {
        match place {
            JwksPlace::Url { url, ca_file } => Box::pin(self.over_https(url, ca_file)),
            JwksPlace::File(path) => Box::pin(async { from_file(path) }),
        }
    }
}

const TOO_LONG: FetchProblem = FetchProblem("it is longer than 256 KiB");

/// A client that goes to the configured server alone: over https, without proxies, following no redirect.
fn client(ca_file: Option<&Path>) -> Result<Client> {
    let builder = Client::builder()
        .https_only(true)
        .no_proxy()
        .redirect(Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(10))
        // Minutes pass between two fetches.
        .pool_max_idle_per_host(0)
        .user_agent(concat!("keyholt/", env!("CARGO_PKG_VERSION")));
    let builder = match ca_file {
        Some(path) => builder.tls_certs_only(certificates_in(path)?),
        None => builder,
    };
    builder.build().context("the client that fetches the keys of issuers could not be made")
}

fn certificates_in(path: &Path) -> Result<Vec<Certificate>> {
    let shown = path.display();
    let pem = fs::read(path).with_context(|| format!("jwks_ca_file: {shown} cannot be read"))?;
    let certificates = Certificate::from_pem_bundle(&pem)
        .with_context(|| format!("jwks_ca_file: {shown} cannot be read as PEM"))?;
    ensure!(!certificates.is_empty(), "jwks_ca_file: {shown} holds no certificate");
    Ok(certificates)
}

fn problem_of(error: &reqwest::Error) -> FetchProblem {
    FetchProblem(if error.is_timeout() {
        "the server did not answer in time"
    } else if error.is_connect() {
        "the server cannot be reached, or its certificate is not trusted"
    } else {
        "the server's answer could not be read"
    })
}

fn from_file(path: &Path) -> Result<Vec<u8>, FetchProblem> {
    const UNREADABLE: FetchProblem = FetchProblem("the file cannot be read");
    // Opening a pipe would wait for somebody who writes to it.
    if !fs::metadata(path).is_ok_and(|about| about.is_file()) {
        return Err(UNREADABLE);
    }
    let file = File::open(path).map_err(|_| UNREADABLE)?;
    let mut body = Vec::new();
    // One byte more tells whether it is too long.
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut body).map_err(|_| UNREADABLE)?;
    if body.len() > MOST_BYTES { Err(TOO_LONG) } else { Ok(body) }
}

#[cfg(test)]
mod tests {
    use keyholt_testkit::{Setup, in_continuous_integration, program_exists};
    use rustls::ServerConfig;
    use rustls::crypto::aws_lc_rs;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// For the loopback address, and signed by itself.
    const REQUEST: &str = "\
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = issuer
[extensions]
basicConstraints = critical, CA:FALSE
subjectAltName = IP:127.0.0.1
";

    /// An issuer's server, with its certificate in a file.
    struct IssuerServer {
        setup: Setup,
        listener: TcpListener,
        acceptor: TlsAcceptor,
    }

    impl IssuerServer {
        /// None without the program that makes certificates.
        async fn start() -> Option<Self> {
            if !program_exists("openssl") {
                assert!(!in_continuous_integration(), "openssl is needed here");
                return None;
            }
            let setup = Setup::new("openssl").unwrap();
            fs::write(setup.folder().join("request.cnf"), REQUEST).unwrap();
            for name in ["server", "other"] {
                let (cert, key) = (format!("{name}.pem"), format!("{name}.key"));
                let words = ["req", "-x509", "-config", "request.cnf", "-newkey", "ec", "-pkeyopt"];
                let more = ["ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-out", &cert, "-keyout", &key];
                assert!(setup.run_tool("openssl", &[&words[..], &more].concat(), b"").unwrap().success());
            }
            let chain = vec![CertificateDer::from_pem_file(setup.folder().join("server.pem")).unwrap()];
            let key = PrivateKeyDer::from_pem_file(setup.folder().join("server.key")).unwrap();
            let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .unwrap();
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            Some(Self { setup, listener, acceptor: TlsAcceptor::from(Arc::new(config)) })
        }

        fn issuer(&self, scheme: &str, ca_file: Option<&str>) -> JwtIssuer {
            let url = format!("{scheme}://{}/jwks", self.listener.local_addr().unwrap()).into();
            let ca_file = ca_file.map(|name| self.setup.folder().join(name));
            issuer(JwksPlace::Url { url, ca_file })
        }

        /// What comes of a fetch from a server that answers so.
        async fn fetch(&self, answer: &[u8]) -> Result<Vec<u8>, FetchProblem> {
            let issuer = self.issuer("https", Some("server.pem"));
            let fetcher = Fetcher::new(std::slice::from_ref(&issuer)).unwrap();
            let (fetched, request) = tokio::join!(fetcher.fetch(&issuer.keys), self.answer_one(answer));
            assert!(request.starts_with("GET /jwks HTTP/1.1\r\n"), "{request}");
            fetched
        }

        async fn answer_one(&self, answer: &[u8]) -> String {
            let (stream, _) = self.listener.accept().await.unwrap();
            let mut stream = self.acceptor.accept(stream).await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            // Whoever has read enough hangs up.
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
            String::from_utf8(request).unwrap()
        }
    }

    fn issuer(keys: JwksPlace) -> JwtIssuer {
        JwtIssuer {
            issuer: "https://issuer.example".into(),
            audiences: Vec::new(),
            algorithms: Vec::new(),
            keys,
            max_age_seconds: 60,
            rules: Vec::new(),
        }
    }

    fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
        [head.as_bytes(), body].concat()
    }

    #[tokio::test]
    async fn a_key_set_is_fetched_over_https() {
        let Some(server) = IssuerServer::start().await else { return };
        assert_eq!(server.fetch(&answer("200 OK", "", b"{\"keys\":[]}")).await.unwrap(), b"{\"keys\":[]}");
        let longest = vec![b' '; MOST_BYTES];
        assert_eq!(server.fetch(&answer("200 OK", "", &longest)).await.unwrap(), longest);
    }

    #[tokio::test]
    async fn no_other_status_is_taken_and_no_redirect_followed() {
        let Some(server) = IssuerServer::start().await else { return };
        let elsewhere = "location: https://127.0.0.1:1/jwks\r\n";
        for (status, headers) in [
            ("302 Found", elsewhere),
            ("307 Temporary Redirect", elsewhere),
            ("404 Not Found", ""),
            ("203 X", ""),
        ] {
            let problem = server.fetch(&answer(status, headers, b"{}")).await.unwrap_err();
            assert!(problem.0.contains("status other than 200"), "{status}: {problem}");
        }
    }

    #[tokio::test]
    async fn a_key_set_that_is_too_long_or_cut_off_is_not_taken() {
        let Some(server) = IssuerServer::start().await else { return };
        let endless = vec![b' '; MOST_BYTES * 8];
        let chunked =
            [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n100000\r\n", &endless[..]].concat();
        for long in [answer("200 OK", "", &endless[..=MOST_BYTES]), chunked] {
            assert_eq!(server.fetch(&long).await, Err(TOO_LONG));
        }
        let mut cut = answer("200 OK", "", b"{\"keys\":[]}");
        cut.truncate(cut.len() - 3);
        assert!(server.fetch(&cut).await.is_err());
        assert!(server.fetch(b"").await.is_err() && server.fetch(b"nonsense\r\n\r\n").await.is_err());
    }

    #[tokio::test]
    async fn a_server_that_is_not_trusted_is_told_nothing() {
        let Some(server) = IssuerServer::start().await else { return };
        for ca_file in [Some("other.pem"), None] {
            let issuer = server.issuer("https", ca_file);
            let fetcher = Fetcher::new(std::slice::from_ref(&issuer)).unwrap();
            let accept = async {
                let (stream, _) = server.listener.accept().await.unwrap();
                let _ = server.acceptor.accept(stream).await.map(|_| panic!("a handshake was completed"));
            };
            let (fetched, ()) = tokio::join!(fetcher.fetch(&issuer.keys), accept);
            assert!(fetched.unwrap_err().0.contains("not trusted"));
        }
    }

    #[tokio::test]
    async fn nothing_is_fetched_in_the_clear() {
        let Some(server) = IssuerServer::start().await else { return };
        let issuer = server.issuer("http", Some("server.pem"));
        let fetcher = Fetcher::new(std::slice::from_ref(&issuer)).unwrap();
        assert!(fetcher.fetch(&issuer.keys).await.is_err());
        // A server that speaks in the clear where https is expected.
        let issuer = server.issuer("https", Some("server.pem"));
        let in_the_clear = async {
            let (mut stream, _): (TcpStream, _) = server.listener.accept().await.unwrap();
            let _ = stream.write_all(&answer("200 OK", "", b"{}")).await;
        };
        let (fetched, ()) = tokio::join!(fetcher.fetch(&issuer.keys), in_the_clear);
        assert!(fetched.is_err());
    }

    #[tokio::test]
    async fn a_key_set_is_read_from_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.json");
        let fetcher = Fetcher::new(&[]).unwrap();
        let place = JwksPlace::File(path.clone());
        assert!(fetcher.fetch(&place).await.is_err());
        fs::write(&path, b"{}").unwrap();
        assert_eq!(fetcher.fetch(&place).await.unwrap(), b"{}");
        fs::write(&path, vec![b' '; MOST_BYTES]).unwrap();
        assert_eq!(fetcher.fetch(&place).await.unwrap().len(), MOST_BYTES);
        fs::write(&path, vec![b' '; MOST_BYTES + 1]).unwrap();
        assert_eq!(fetcher.fetch(&place).await, Err(TOO_LONG));
        assert!(fetcher.fetch(&JwksPlace::File(directory.path().to_owned())).await.is_err());
        assert!(fetcher.fetch(&JwksPlace::File("/dev/zero".into())).await.is_err());
    }

    #[test]
    fn certificates_that_cannot_be_read_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let refused = || {
            let place = JwksPlace::Url { url: "https://issuer.example".into(), ca_file: Some(path.clone()) };
            format!("{:#}", options(&[issuer(place)]).err().unwrap())
        };
        assert!(refused().contains("ca.pem cannot be read"), "{}", refused());
        fs::write(&path, "no certificate").unwrap();
        assert!(refused().contains("jwks_ca_file: ") && refused().contains("ca.pem"), "{}", refused());
        assert!(options(&[]).unwrap().is_none());
    }
}
