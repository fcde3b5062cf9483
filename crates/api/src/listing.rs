//! Lists of any length, streamed in constant memory.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::ready;
use futures_util::{StreamExt, stream};
use keyholt_engine::{Error, ListedSecret, SecretList, SecretView};

use crate::answer;

/// Writes one object of a list.
pub(crate) type WriteObject = fn(&mut Vec<u8>, &SecretView) -> serde_json::Result<()>;

/// An answer of any length: `begin`, the objects with commas between them, `end`.
///
/// # Errors
/// What fails before the first byte is sent is a refusal. What fails later resets the connection, so
/// that a list that was cut is never taken for a whole one.
pub(crate) async fn answer(
    list: SecretList,
    begin: &'static str,
    write: WriteObject,
    end: &'static str,
) -> Result<Response, Error> {
    let mut pieces = Pieces { list, write, separator: b"" };
    let mut text = begin.as_bytes().to_vec();
    // Most lists have one piece at most, and are sent whole with their length.
    for _ in 0..2 {
        let Some(piece) = pieces.next().await? else {
            text.extend_from_slice(end.as_bytes());
            return Ok(answer::json_body(Body::from(text)));
        };
        text.extend_from_slice(&piece);
    }
    let rest = stream::try_unfold(Some(pieces), move |pieces| async move {
        let Some(mut pieces) = pieces else { return Ok(None) };
        Ok::<_, Error>(Some(match pieces.next().await? {
            Some(piece) => (piece.into(), Some(pieces)),
            None => (Bytes::from_static(end.as_bytes()), None),
        }))
    });
    let begun = stream::once(ready(Ok(text.into())));
    Ok(answer::json_body(Body::from_stream(begun.chain(rest))))
}

/// The objects of a list, a batch at a time.
struct Pieces {
    list: SecretList,
    write: WriteObject,
    /// What stands before the next object.
    separator: &'static [u8],
}

impl Pieces {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let batch = self.list.next().await?;
        if batch.is_empty() {
            return Ok(None);
        }
        let mut piece = Vec::with_capacity(batch.len() * 512);
        for listed in &batch {
            // What does not open is left out; the engine has reported it.
            let ListedSecret::Open(secret) = listed else { continue };
            piece.extend_from_slice(self.separator);
            (self.write)(&mut piece, secret).map_err(|_| Error::Internal)?;
            self.separator = b",";
        }
        Ok(Some(piece))
    }
}
