//! TLS that is asked for and not there, or with a certificate that nobody vouches for.

use std::fs;

use keyholt_testkit::postgres::Cluster;

use crate::setting::{put, refusal, setup, started};

/// Makes a certificate for 127.0.0.1 where the server looks for one, as the server's user.
const MAKE_CERTIFICATE: &str = "COPY (SELECT '') TO PROGRAM 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256
    -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE
    -keyout server.key -out server.crt 2>/dev/null'";

#[test]
fn tls_that_the_server_does_not_offer_is_not_gone_without() {
    let cluster = Cluster::start().unwrap();
    for mode in ["require", "verify-full"] {
        let said = refusal(&setup(&format!("{}?sslmode={mode}", cluster.url("postgres"))), 1);
        assert!(said.contains("offers no TLS") && said.contains(&cluster.address().to_string()), "{said}");
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_not_trusted_and_one_that_is_named_is() {
    let cluster = Cluster::start().unwrap();
    cluster.sql("postgres", &MAKE_CERTIFICATE.replace('\n', " ")).unwrap();
    cluster.set("ssl", "on").unwrap();
    let url = format!("{}?sslmode=verify-full", cluster.url("postgres"));
    let said = refusal(&setup(&url), 1);
    assert!(said.contains("is not trusted") && said.contains("sslrootcert=FILE"), "{said}");

    let setup = setup(&url);
    let file = setup.folder().join("authority.pem");
    fs::write(&file, cluster.sql("postgres", "SELECT pg_read_file('server.crt')").unwrap() + "\n").unwrap();
    let setup = setup.variable("KEYHOLT_DATABASE_URL", &format!("{url}&sslrootcert={}", file.display()));
    let server = started(&setup);
    assert_eq!(put(&mut server.client(), "over-tls").status, 200);
    let plain = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'keyholt' AND NOT ssl";
    assert_eq!(cluster.sql("postgres", plain).unwrap(), "0", "no connection goes without");
}
