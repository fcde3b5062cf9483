//! Whose certificates are believed, and for what.

use std::time::Duration;

use keyholt_gateway::Timeouts;
use keyholt_gateway::egress::{ConnectError, PrivateCa, UpstreamError};
use rustls::CertificateError;
use tokio_rustls::TlsAcceptor;

use crate::certificates::Authority;
use crate::fixture::{ORG, Reply, Side, Upstream, permit_by_entry, text};

const PAST: (&str, &str) = ("20200101000000Z", "20200102000000Z");
const NOW: (&str, &str) = ("20200101000000Z", "20990101000000Z");
const FUTURE: (&str, &str) = ("20980101000000Z", "20990101000000Z");

async fn upstream(acceptor: TlsAcceptor) -> Upstream {
    Upstream::start_at("127.0.0.1:0".parse().unwrap(), Reply::ok("a"), Some(acceptor)).await
}

/// What is wrong with the certificate of a server, which must not have seen a request.
async fn refusal(acceptor: TlsAcceptor, host: &str, ca: Option<PrivateCa>) -> CertificateError {
    let upstream = upstream(acceptor).await;
    let permit = permit_by_entry(&format!("https://{host}:{}", upstream.port()), ca);
    let refused = Side::new(&[&["127.0.0.1"]]).get(&permit, "/").await.unwrap_err();
    assert!(upstream.seen.heads().is_empty(), "{:?}", upstream.seen.heads());
    let UpstreamError::Connect(ConnectError::Certificate(rustls::Error::InvalidCertificate(error))) = refused
    else {
        panic!("{refused:?}");
    };
    error
}

#[tokio::test]
async fn a_certificate_of_the_entrys_authority_is_believed() {
    let Some(authority) = Authority::new() else { return };
    let upstream = upstream(authority.server("models.example", NOW.0, NOW.1)).await;
    let side = Side::new(&[&["127.0.0.1"]]);
    let url = format!("https://models.example:{}", upstream.port());
    let permit = permit_by_entry(&url, Some(authority.ca()));
    assert_eq!(text(side.get(&permit, "/a").await.unwrap()).await, "a");
    assert_eq!(text(side.get_of(ORG, &permit, "/b").await.unwrap()).await, "a");
    assert_eq!(upstream.seen.names(), ["models.example"]);
    let head = &upstream.seen.heads()[0];
    assert!(head.contains(&format!("host: models.example:{}\r\n", upstream.port())), "{head}");
}

#[tokio::test]
async fn an_address_has_a_certificate_of_its_own() {
    let Some(authority) = Authority::new() else { return };
    let upstream = upstream(authority.server("127.0.0.1", NOW.0, NOW.1)).await;
    let permit = permit_by_entry(&format!("https://127.0.0.1:{}", upstream.port()), Some(authority.ca()));
    let side = Side::new(&[]);
    assert_eq!(text(side.get(&permit, "/").await.unwrap()).await, "a");
    let wrong = refusal(authority.server("127.0.0.2", NOW.0, NOW.1), "127.0.0.1", Some(authority.ca())).await;
    assert!(matches!(wrong, CertificateError::NotValidForNameContext { .. }), "{wrong:?}");
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_refused() {
    let Some(authority) = Authority::new() else { return };
    let expired = authority.server("models.example", PAST.0, PAST.1);
    let error = refusal(expired, "models.example", Some(authority.ca())).await;
    assert!(matches!(error, CertificateError::ExpiredContext { .. }), "{error:?}");
    let early = authority.server("models.example", FUTURE.0, FUTURE.1);
    let error = refusal(early, "models.example", Some(authority.ca())).await;
    assert!(matches!(error, CertificateError::NotValidYetContext { .. }), "{error:?}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let Some(authority) = Authority::new() else { return };
    for name in ["other.example", "*.models.example", "models.example.evil.example"] {
        let error = refusal(authority.server(name, NOW.0, NOW.1), "models.example", Some(authority.ca())).await;
        assert!(matches!(error, CertificateError::NotValidForNameContext { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_certificate_of_nobody_who_is_believed_is_refused() {
    let (Some(authority), Some(other)) = (Authority::new(), Authority::new()) else { return };
    let self_signed = authority.self_signed_server("models.example");
    for ca in [Some(authority.ca()), None] {
        let error = refusal(self_signed.clone(), "models.example", ca).await;
        assert_eq!(error, CertificateError::UnknownIssuer);
    }
    // One entry's authority is believed for that entry alone.
    let signed = authority.server("models.example", NOW.0, NOW.1);
    for ca in [Some(other.ca()), None] {
        let error = refusal(signed.clone(), "models.example", ca).await;
        assert!(matches!(error, CertificateError::UnknownIssuer | CertificateError::BadSignature), "{error:?}");
    }
}

#[tokio::test]
async fn what_speaks_no_tls_is_not_spoken_to() {
    let upstream = Upstream::start(Reply::ok("a")).await;
    let Some(authority) = Authority::new() else { return };
    let permit = permit_by_entry(&format!("https://models.example:{}", upstream.port()), Some(authority.ca()));
    // The upstream waits for the end of a head, which a handshake does not have: it is the time that ends it.
    let timeouts = Timeouts { connect: Duration::from_millis(200), ..Timeouts::default() };
    let refused = Side::with_timeouts(&[&["127.0.0.1"]], timeouts).get(&permit, "/").await.unwrap_err();
    assert!(matches!(refused, UpstreamError::Connect(ConnectError::TimedOut)), "{refused:?}");
}

#[tokio::test]
async fn organisations_do_not_share_a_session() {
    let Some(authority) = Authority::new() else { return };
    let upstream = upstream(authority.server("models.example", NOW.0, NOW.1)).await;
    let side = Side::new(&[&["127.0.0.1"]]);
    let permit = permit_by_entry(&format!("https://models.example:{}", upstream.port()), Some(authority.ca()));
    for org in [[1; 16], [2; 16]] {
        text(side.get_of(org, &permit, "/").await.unwrap()).await;
    }
    assert_eq!(upstream.seen.handshakes(), [rustls::HandshakeKind::Full; 2].map(Some));
}
