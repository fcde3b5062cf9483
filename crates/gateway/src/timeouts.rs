//! How long an upstream may take.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

/// The bounds of one request (design/security.md C).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a name's addresses, the connection and the TLS handshake together.
    pub connect: Duration,
    /// From the request to the head of the answer; the connection and the sending of the request are part of it.
    pub first_byte: Duration,
    /// Between two pieces of the answer.
    pub idle: Duration,
    /// From the request to the end of the answer.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(120),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(15 * 60),
        }
    }
}

impl Timeouts {
    /// Begins the time of a request; what sends it to several upstreams in turn begins it once.
    #[must_use]
    pub fn start(&self) -> Deadline {
        Deadline { idle: self.idle, end: Box::pin(tokio::time::sleep(self.total)) }
    }
}

/// When a request must have ended, and how long its answer may be silent.
#[derive(Debug)]
pub struct Deadline {
    pub(crate) idle: Duration,
    end: Pin<Box<Sleep>>,
}

impl Deadline {
    /// Ready when the time is over.
    pub(crate) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.end.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_has_the_times_that_are_promised() {
        let Timeouts { connect, first_byte, idle, total } = Timeouts::default();
        assert_eq!([connect, first_byte, idle, total].map(|time| time.as_secs()), [5, 120, 60, 900]);
    }
}
