//! Reading a body: not before the caller is known, at most so much of it, and not for ever.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;

use crate::refusal::Refusal;

/// The most bytes of a body: 1 MiB (wire/braintrust.md 1.2).
const MAX_BYTES: usize = 1024 * 1024;

/// How long a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(30);

/// A body of which nothing has been read.
pub(crate) struct UnreadBody {
    headers: HeaderMap,
    body: Body,
}

impl<S: Sync> FromRequest<S> for UnreadBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        Ok(Self { headers: parts.headers, body })
    }
}

impl UnreadBody {
    /// Reads it whole.
    ///
    /// # Errors
    /// 413 over 1 MiB, at once when so much is announced; 400 for an encoding, and when it does not
    /// arrive whole within 30 seconds.
    pub(crate) async fn read(self) -> Result<Bytes, Refusal> {
        if announced_length(&self.headers).is_some_and(|length| length > MAX_BYTES as u64) {
            return Err(Refusal::TooLarge);
        }
        if self.headers.get_all(CONTENT_ENCODING).iter().any(|encoding| !is_identity(encoding)) {
            return Err(Refusal::Request("the request body must not have a Content-Encoding"));
        }
        let announced = announced_length(&self.headers).and_then(|length| usize::try_from(length).ok());
        let read = read_limited(self.body, announced.unwrap_or_default());
        tokio::time::timeout(DEADLINE, read).await.unwrap_or(Err(Refusal::BodyLost))
    }
}

/// Reads a body that was announced to be so long; what was announced is within bounds.
async fn read_limited(mut body: Body, announced: usize) -> Result<Bytes, Refusal> {
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Refusal::BodyLost)?.into_data() else { continue };
        if first.len() + whole.len() + data.len() > MAX_BYTES {
            return Err(Refusal::TooLarge);
        }
        // Most bodies come in one piece, which is passed on as it is.
        if first.is_empty() && whole.is_empty() {
            first = data;
        } else {
            if whole.is_empty() {
                // Only once a part has come: an announcement alone costs nothing.
                whole.reserve(announced.max(first.len() + data.len()));
            }
            whole.extend_from_slice(&std::mem::take(&mut first));
            whole.extend_from_slice(&data);
        }
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_identity(encoding: &HeaderValue) -> bool {
    encoding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity")
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn read(headers: &[(&'static str, &'static str)], pieces: Vec<Vec<u8>>) -> Result<Bytes, Refusal> {
        let pieces = pieces.into_iter().map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
        let mut request = Request::new(Body::from_stream(stream::iter(pieces)));
        for (name, value) in headers {
            request.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        UnreadBody::from_request(request, &()).await?.read().await
    }

    #[tokio::test]
    async fn pieces_are_put_together() {
        let pieces = [b"ab".to_vec(), Vec::new(), b"c".to_vec(), b"de".to_vec()];
        assert_eq!(read(&[], pieces.to_vec()).await.unwrap(), "abcde");
        assert_eq!(read(&[], vec![b"ab".to_vec()]).await.unwrap(), "ab");
        assert_eq!(read(&[], Vec::new()).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_body_has_at_most_1_mib() {
        assert!(read(&[], vec![vec![0; MAX_BYTES / 2]; 2]).await.is_ok());
        assert_eq!(read(&[], vec![vec![0; MAX_BYTES], vec![0]]).await, Err(Refusal::TooLarge));
        assert_eq!(read(&[("content-length", "1048577")], Vec::new()).await, Err(Refusal::TooLarge));
        assert!(read(&[("content-length", "1048576")], Vec::new()).await.is_ok());
    }

    #[tokio::test]
    async fn only_the_identity_encoding_is_read() {
        assert!(read(&[("content-encoding", "Identity")], Vec::new()).await.is_ok());
        for encoding in ["gzip", "", "identity, gzip"] {
            assert!(matches!(
                read(&[("content-encoding", encoding)], Vec::new()).await,
                Err(Refusal::Request(_))
            ));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let request = Request::new(Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()));
        let body = UnreadBody::from_request(request, &()).await.unwrap();
        assert_eq!(body.read().await, Err(Refusal::BodyLost));
    }
}
