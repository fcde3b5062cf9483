//! One answer on a connection.

use anyhow::{Context, ensure};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::measure::{find, header};

/// What is looked at of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    /// Its status.
    pub(super) status: u16,
    /// In how many seconds to come back, where it says so.
    pub(super) retry_after: Option<u64>,
}

/// Reads one answer; nothing can come after it before the next request.
///
/// # Errors
/// When the connection ends first.
pub(super) async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<Answer> {
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            buffer.resize((filled * 2).max(4096), 0);
        }
        let read = stream.read(buffer.get_mut(filled..).unwrap_or_default()).await?;
        ensure!(read > 0, "the server closed a connection");
        filled += read;
        if let Some(answer) = whole(buffer.get(..filled).unwrap_or_default())? {
            return Ok(answer);
        }
    }
}

/// The answer in these bytes; none while it is not whole.
fn whole(bytes: &[u8]) -> anyhow::Result<Option<Answer>> {
    let Some(end) = find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = bytes.get(..end + 4).unwrap_or_default();
    let is_whole = match header(head, b"content-length: ") {
        Some(length) => bytes.len() >= head.len() + length.parse::<usize>()?,
        None => bytes.ends_with(b"\r\n0\r\n\r\n"),
    };
    if !is_whole {
        return Ok(None);
    }
    let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    Ok(Some(Answer {
        status: status.context("no status")?,
        retry_after: header(head, b"retry-after: ").and_then(|seconds| seconds.parse().ok()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        let refused = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(whole(refused).unwrap(), Some(Answer { status: 503, retry_after: Some(7) }));
        assert_eq!(whole(refused.get(..refused.len() - 1).unwrap()).unwrap(), None);
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
        assert_eq!(whole(chunked).unwrap(), Some(Answer { status: 200, retry_after: None }));
        assert_eq!(whole(chunked.get(..chunked.len() - 2).unwrap()).unwrap(), None);
    }
}
