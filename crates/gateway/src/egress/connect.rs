//! New connections to one place.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower::Service;

use super::place::{EgressRefused, Host, Scheme};
use super::policy::Permit;
use super::resolve::Resolve;
use super::stream::UpstreamStream;

/// How many of a name's addresses are tried.
const ADDRESSES: usize = 4;

/// Why there is no connection.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConnectError {
    /// The name leads where it may not.
    #[error(transparent)]
    Refused(#[from] EgressRefused),
    /// The name could not be resolved.
    #[error("the upstream's name cannot be resolved")]
    Unresolved(io::ErrorKind),
    /// No address took the connection.
    #[error("the upstream cannot be reached")]
    Unreachable(io::ErrorKind),
    /// The time for a connection is over.
    #[error("the upstream took too long to connect to")]
    TimedOut,
    /// The certificate is expired, of another name, or of nobody who is believed.
    #[error("the upstream's certificate is not valid")]
    Certificate(rustls::Error),
    /// What was spoken there is no TLS of ours.
    #[error("the TLS handshake with the upstream failed")]
    Handshake(io::ErrorKind),
    /// The system has no certificates of authorities, so that nobody's can be verified.
    #[error("there are no root certificates to verify the upstream's with")]
    NoRoots,
}

/// Makes connections to one place, and to no other whatever it is asked for: the URI that hyper gives it is not read.
#[derive(Clone)]
pub(super) struct Connector(Arc<Target>);

struct Target {
    permit: Permit,
    resolver: Arc<dyn Resolve>,
    tls: Option<TlsConnector>,
    /// For the name's addresses, the connection and the handshake together.
    time: Duration,
}

impl Connector {
    /// TLS is none where it is not spoken, and where nobody's certificate could be believed.
    pub(super) fn new(
        permit: Permit,
        resolver: Arc<dyn Resolve>,
        tls: Option<rustls::ClientConfig>,
        time: Duration,
    ) -> Self {
        let tls = tls.map(|config| TlsConnector::from(Arc::new(config)));
        Self(Arc::new(Target { permit, resolver, tls, time }))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<UpstreamStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<UpstreamStream>, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let target = Arc::clone(&self.0);
        Box::pin(async move {
            let connected = timeout(target.time, target.connect()).await;
            connected.unwrap_or(Err(ConnectError::TimedOut)).map(TokioIo::new)
        })
    }
}

impl Target {
    async fn connect(&self) -> Result<UpstreamStream, ConnectError> {
        let addresses = self.addresses().await?;
        self.permit.check_addresses(&addresses)?;
        let stream = self.connect_to_one_of(&addresses).await?;
        match self.permit.place().scheme {
            Scheme::Http => Ok(UpstreamStream::Plain(stream)),
            Scheme::Https => self.handshake(stream).await,
        }
    }

    /// The only place where a name is resolved. What it gives is checked and connected to, so that another answer of
    /// the resolver a moment later (DNS rebinding) changes nothing.
    async fn addresses(&self) -> Result<Vec<IpAddr>, ConnectError> {
        match &self.permit.place().host {
            Host::Address(address) => Ok(vec![*address]),
            Host::Name(name) => {
                let found = self.resolver.resolve(name).await;
                found.map_err(|error| ConnectError::Unresolved(error.kind()))
            }
        }
    }

    /// One after the other; one that does not answer leaves time for the next.
    async fn connect_to_one_of(&self, addresses: &[IpAddr]) -> Result<TcpStream, ConnectError> {
        let share = self.time / u32::try_from(addresses.len().clamp(1, ADDRESSES)).unwrap_or(1);
        let mut last = ConnectError::TimedOut;
        for address in addresses.iter().take(ADDRESSES) {
            match timeout(share, TcpStream::connect((*address, self.permit.place().port))).await {
                Ok(Ok(stream)) => {
                    // Only latency would suffer.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) => last = ConnectError::Unreachable(error.kind()),
                Err(_) => last = ConnectError::TimedOut,
            }
        }
        Err(last)
    }

    /// The name in the handshake is the place's, and the certificate must be for it, whatever the address.
    async fn handshake(&self, stream: TcpStream) -> Result<UpstreamStream, ConnectError> {
        let connector = self.tls.as_ref().ok_or(ConnectError::NoRoots)?;
        let name = match &self.permit.place().host {
            Host::Name(name) => ServerName::try_from(name.to_string())
                .map_err(|_| ConnectError::Refused(EgressRefused::BadName))?,
            Host::Address(address) => ServerName::from(*address),
        };
        let stream = connector.connect(name, stream).await.map_err(|error| tls_error(&error))?;
        Ok(UpstreamStream::Tls(Box::new(stream)))
    }
}

fn tls_error(error: &io::Error) -> ConnectError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rejected @ rustls::Error::InvalidCertificate(_)) => ConnectError::Certificate(rejected.clone()),
        _ => ConnectError::Handshake(error.kind()),
    }
}
