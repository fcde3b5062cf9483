//! Providers of one's own, with certificates of one's own authority.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use keyholt_testkit::{Server, Setup, StartError, in_continuous_integration, program_exists};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use crate::fixture::VALUE;

const LEAF: &str = "basicConstraints = critical, CA:FALSE\nsubjectAltName = IP:127.0.0.1\n";

/// A setup with the certificates of two authorities, `own` and `public`, each with a server's; none without the program
/// that makes them.
fn setup() -> Option<Setup> {
    if !program_exists("openssl") {
        assert!(!in_continuous_integration(), "openssl is needed here");
        println!("skipped: there is no openssl");
        return None;
    }
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    // What the server takes for the system's authorities.
    let system = setup.folder().join("public.pem");
    let setup = setup.variable("SSL_CERT_FILE", system.to_str().unwrap());
    std::fs::write(setup.folder().join("leaf.cnf"), LEAF).unwrap();
    for ca in ["own", "public"] {
        openssl(&setup, &format!("req -x509 -subj /CN={ca} -days 2 -out {ca}.pem -keyout {ca}.key"));
        openssl(&setup, &format!("req -new -subj /CN=server -out leaf.csr -keyout {ca}-server.key"));
        openssl(
            &setup,
            &format!(
                "x509 -req -in leaf.csr -CA {ca}.pem -CAkey {ca}.key -set_serial 1 -days 2 -extfile leaf.cnf -out \
                 {ca}-server.pem"
            ),
        );
    }
    Some(setup)
}

/// Requests make a key of their own each time.
fn openssl(setup: &Setup, words: &str) {
    let mut words: Vec<&str> = words.split_whitespace().collect();
    if words.first() == Some(&"req") {
        words.extend(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
    }
    let made = setup.run_tool("openssl", &words, b"").unwrap();
    assert!(made.success(), "{made:?}");
}

/// A provider on TLS that answers one request after the other; what it was asked can be looked at.
struct TlsProvider {
    entry: String,
    asked: Receiver<String>,
}

impl TlsProvider {
    fn start(setup: &Setup, ca: &str) -> Self {
        let file = |end: &str| setup.folder().join(format!("{ca}-server.{end}"));
        let chain = CertificateDer::pem_file_iter(file("pem")).unwrap().map(Result::unwrap).collect();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from_pem_file(file("key")).unwrap())
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let entry = listener.local_addr().unwrap().to_string();
        let (tell, asked) = channel();
        let serve = move || {
            for connection in listener.incoming() {
                let session = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(session, connection.unwrap());
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                    head.extend(byte);
                }
                // Whoever does not believe the certificate asks for nothing.
                if !head.is_empty() && tell.send(String::from_utf8(head).unwrap()).is_ok() {
                    let _ = stream
                        .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}");
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            }
        };
        // It ends with the test's process.
        drop(thread::Builder::new().name("provider".to_owned()).spawn(serve).unwrap());
        Self { entry, asked }
    }

    /// Makes the secret whose requests come here.
    fn be_used_as(&self, server: &Server, name: &str) {
        let metadata = json!({ "api_base": format!("https://{}/v1", self.entry) });
        let secret = json!({ "name": name, "type": "openai", "secret": VALUE, "metadata": metadata });
        assert_eq!(server.client().json("POST", "/v1/ai_secret", &secret).unwrap().status, 200);
    }
}

fn status(server: &Server, name: &str) -> u16 {
    let mut client = server.client().header("x-bt-endpoint-name", name);
    client.send("GET", "/v1/proxy/models", None).unwrap().status
}

#[test]
fn a_private_authority_is_believed_where_the_operator_names_it_beside_the_systems() {
    let Some(setup) = setup() else { return };
    let (own, public) = (TlsProvider::start(&setup, "own"), TlsProvider::start(&setup, "public"));
    let allow = format!("{},{}", own.entry, public.entry);
    let options = ["--listen", "127.0.0.1:0", "--egress-allow", &allow];
    let server = setup.start_with(&options).unwrap();
    own.be_used_as(&server, "OWN");
    public.be_used_as(&server, "PUBLIC");
    assert_eq!((status(&server, "OWN"), status(&server, "PUBLIC")), (502, 200));
    assert!(own.asked.try_recv().is_err());
    server.stop().unwrap();

    let server = setup.start_with(&[&options[..], &["--egress-ca", "own.pem"]].concat()).unwrap();
    assert_eq!((status(&server, "OWN"), status(&server, "PUBLIC")), (200, 200));
    let asked = own.asked.try_recv().unwrap();
    assert!(asked.starts_with("GET /v1/models HTTP/1.1\r\n") && asked.contains(VALUE), "{asked}");
    server.stop().unwrap();
}

#[test]
fn an_authority_that_cannot_be_read_or_is_none_stops_the_start_in_one_line() {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    std::fs::write(setup.folder().join("empty.pem"), "").unwrap();
    let allow = ["--listen", "127.0.0.1:0", "--egress-allow", "models.example"];
    for (options, expected) in [
        (&["--egress-ca", "missing.pem"][..], "missing.pem cannot be read: No such file"),
        (&["--egress-ca", "empty.pem"], "empty.pem must be one or more certificates in PEM"),
    ] {
        let Err(StartError::Ended(ended)) = setup.start_with(&[&allow, options].concat()) else { panic!() };
        assert_eq!((ended.status.code(), ended.stderr.lines().count()), (Some(2), 1), "{ended:?}");
        assert!(
            ended.stderr.starts_with("keyholt: egress.ca: ") && ended.stderr.contains(expected),
            "{ended:?}"
        );
    }
    assert!(!setup.data_dir().exists());
    // The same by a line of the file, and by a variable.
    std::fs::write(setup.folder().join("keyholt.toml"), "egress.ca = 'of-the-file.pem'\n").unwrap();
    let Err(StartError::Ended(ended)) = setup.start_with(&allow) else { panic!() };
    assert!(ended.stderr.contains("of-the-file.pem cannot be read"), "{ended:?}");
    let setup = setup.variable("KEYHOLT_EGRESS_CA", "of-the-variable.pem");
    let Err(StartError::Ended(ended)) = setup.start_with(&allow) else { panic!() };
    assert!(ended.stderr.contains("of-the-variable.pem cannot be read"), "{ended:?}");
}
