//! Certificates made for a test.

use std::path::Path;
use std::sync::Arc;

use keyholt_gateway::egress::PrivateCa;
use keyholt_testkit::{Setup, in_continuous_integration, program_exists};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

const AUTHORITY: &str = "\
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = test authority
[extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[ca]
default_ca = authority
[authority]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = policy
unique_subject = no
[policy]
commonName = supplied
";

/// An authority, and what it has signed.
pub(crate) struct Authority {
    setup: Setup,
}

impl Authority {
    /// None without the program that makes certificates.
    pub(crate) fn new() -> Option<Self> {
        if !program_exists("openssl") {
            assert!(!in_continuous_integration(), "openssl is needed here");
            println!("skipped: there is no openssl");
            return None;
        }
        // The setup's own program is not started.
        let authority = Self { setup: Setup::new("keyholt").unwrap() };
        authority.write("authority.cnf", AUTHORITY);
        authority.write("index.txt", "");
        authority.openssl("req -x509 -config authority.cnf -days 2 -out authority.pem -keyout authority.key");
        Some(authority)
    }

    /// Its own certificate.
    pub(crate) fn ca(&self) -> PrivateCa {
        PrivateCa::parse(&std::fs::read(self.folder().join("authority.pem")).unwrap()).unwrap()
    }

    /// A server with a certificate for this name, valid from and until these times (`YYYYMMDDHHMMSSZ`).
    pub(crate) fn server(&self, name: &str, from: &str, until: &str) -> TlsAcceptor {
        self.write("leaf.cnf", &leaf(name));
        self.openssl("req -new -config leaf.cnf -out leaf.csr -keyout leaf.key");
        self.openssl(&format!(
            "ca -batch -notext -config authority.cnf -cert authority.pem -keyfile authority.key -in leaf.csr -out \
             leaf.pem -extfile leaf.cnf -extensions extensions -startdate {from} -enddate {until}"
        ));
        self.acceptor()
    }

    /// A server with a certificate for this name that nobody signed but itself.
    pub(crate) fn self_signed_server(&self, name: &str) -> TlsAcceptor {
        self.write("leaf.cnf", &leaf(name));
        self.openssl(
            "req -x509 -config leaf.cnf -extensions extensions -days 2 -out leaf.pem -keyout leaf.key",
        );
        self.acceptor()
    }

    fn acceptor(&self) -> TlsAcceptor {
        let chain = CertificateDer::pem_file_iter(self.folder().join("leaf.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(self.folder().join("leaf.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.map(Result::unwrap).collect(), key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    fn folder(&self) -> &Path {
        self.setup.folder()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder().join(name), text).unwrap();
    }

    /// Requests make a key of their own each time.
    fn openssl(&self, words: &str) {
        let mut words: Vec<&str> = words.split_whitespace().collect();
        if words.first() == Some(&"req") {
            words.extend(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
        }
        let made = self.setup.run_tool("openssl", &words, b"").unwrap();
        assert!(made.success(), "{made:?}");
    }
}

fn leaf(name: &str) -> String {
    let kind = if name.parse::<std::net::IpAddr>().is_ok() { "IP" } else { "DNS" };
    format!(
        "[req]\ndistinguished_name = name\nprompt = no\n[name]\nCN = test\n[extensions]\nbasicConstraints = critical, \
         CA:FALSE\nextendedKeyUsage = serverAuth\nsubjectAltName = {kind}:{name}\n"
    )
}
