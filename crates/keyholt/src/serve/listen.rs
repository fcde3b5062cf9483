//! The sockets, taken before anything is written: a first start that cannot serve must not happen.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context, Result};
use tokio::net::TcpListener;

/// Takes an address; port 0 takes any free one.
///
/// # Errors
/// When it is taken, not one of this machine's, or forbidden; names the option.
pub(super) async fn bind(option: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; choose another address with {option}"))?;
    let taken = listener.local_addr()?;
    Ok((listener, taken))
}

/// The socket of those who collect metrics.
pub(super) struct MetricsListener {
    /// The socket.
    pub(super) listener: TcpListener,
    /// Where it is, when any free port was to be taken: nobody else knows.
    pub(super) picked_url: Option<String>,
}

/// Takes the address for metrics, if they are to be published.
///
/// # Errors
/// As [`bind`].
pub(super) async fn bind_metrics(address: Option<SocketAddr>) -> Result<Option<MetricsListener>> {
    let Some(wanted) = address else { return Ok(None) };
    let (listener, taken) = bind("--metrics-listen", wanted).await?;
    let picked_url = (wanted.port() == 0).then(|| format!("{}/metrics", url(taken, false)));
    Ok(Some(MetricsListener { listener, picked_url }))
}

/// The URL of an address.
pub(super) fn url(address: SocketAddr, has_tls: bool) -> String {
    format!("{}://{address}", if has_tls { "https" } else { "http" })
}

/// The URL by which this machine reaches an address: one that stands for all of them is no destination.
pub(super) fn local_url(address: SocketAddr, has_tls: bool) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    url(SocketAddr::new(ip, address.port()), has_tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn port_0_takes_a_free_port_and_tells_it() {
        let (_listener, taken) = bind("--listen", SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        assert_ne!(taken.port(), 0);
        let refused = format!("{:#}", bind("--listen", taken).await.unwrap_err());
        assert!(refused.contains(&taken.to_string()) && refused.contains("--listen"), "{refused}");
    }

    #[test]
    fn an_address_has_a_url() {
        assert_eq!(url("[::1]:8787".parse().unwrap(), true), "https://[::1]:8787");
        assert_eq!(local_url("0.0.0.0:80".parse().unwrap(), false), "http://127.0.0.1:80");
        assert_eq!(local_url("[::]:80".parse().unwrap(), false), "http://[::1]:80");
        assert_eq!(local_url("192.0.2.1:80".parse().unwrap(), false), "http://192.0.2.1:80");
    }
}
