//! Lists of any length, streamed in constant memory.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::ready;
use futures_util::{StreamExt, stream};
use keyholt_engine::{Error, ListedSecret, SecretList, SecretView};
use serde::Serialize;

use crate::answer;

/// How much of a list is gathered before any of it is sent: most lists are shorter, and are sent whole
/// with their length.
const GATHERED: usize = 64 * 1024;

/// Writes one object of a list, or leaves it out and says so with `false`.
pub(crate) type WriteObject = fn(&mut Vec<u8>, &ListedSecret) -> serde_json::Result<bool>;

/// An answer of any length: `begin`, the objects with commas between them, `end`. However long the list
/// and however large its objects, a connection that nobody reads holds less than a megabyte of it.
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
    while text.len() < GATHERED {
        if !pieces.append(&mut text).await? {
            text.extend_from_slice(end.as_bytes());
            return Ok(answer::json_body(Body::from(text)));
        }
    }
    let rest = stream::try_unfold(Some(pieces), move |pieces| async move {
        let Some(mut pieces) = pieces else { return Ok(None) };
        let mut piece = Vec::new();
        Ok::<_, Error>(Some(if pieces.append(&mut piece).await? {
            (piece.into(), Some(pieces))
        } else {
            (Bytes::from_static(end.as_bytes()), None)
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
    /// Appends the next few objects; false at the end of the list.
    async fn append(&mut self, text: &mut Vec<u8>) -> Result<bool, Error> {
        let batch = self.list.next().await?;
        for listed in &batch {
            let before = text.len();
            text.extend_from_slice(self.separator);
            if (self.write)(text, listed).map_err(|_| Error::Internal)? {
                self.separator = b",";
            } else {
                text.truncate(before);
            }
        }
        Ok(!batch.is_empty())
    }
}

/// Writes a secret that opens, and leaves out one that does not; the engine has reported it.
pub(crate) fn write_open<'a, T: Serialize + From<&'a SecretView>>(
    text: &mut Vec<u8>,
    listed: &'a ListedSecret,
) -> serde_json::Result<bool> {
    let ListedSecret::Open(secret) = listed else { return Ok(false) };
    serde_json::to_writer(text, &T::from(secret)).map(|()| true)
}
