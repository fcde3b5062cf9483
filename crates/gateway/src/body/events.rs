//! Server-sent events (WHATWG HTML 9.2), as far as it takes to tell of an error in a stream of them.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::report::BodyError;

/// The line end of an event's last line, and the empty line behind it.
const EVENT_ENDS: [&[u8]; 3] = [b"\n\n", b"\r\n\r\n", b"\r\r"];

/// Whether an answer is a stream of events.
pub(super) fn are_events(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.as_bytes().split(|byte| *byte == b';').next());
    kind.is_some_and(|kind| kind.trim_ascii().eq_ignore_ascii_case(b"text/event-stream"))
}

/// Where a stream of events stands.
#[derive(Default)]
pub(super) struct EventStream {
    /// The last bytes, at most 4.
    tail: Vec<u8>,
}

impl EventStream {
    pub(super) fn passed(&mut self, chunk: &[u8]) {
        self.tail.extend_from_slice(chunk.get(chunk.len().saturating_sub(4)..).unwrap_or_default());
        self.tail.drain(..self.tail.len().saturating_sub(4));
    }

    /// An event that tells of an error, in the form of OpenAI's and Anthropic's streams; none within an event, which
    /// what is added would become part of.
    pub(super) fn error(&self, error: BodyError) -> Option<Bytes> {
        let is_between = self.tail.is_empty() || EVENT_ENDS.iter().any(|end| self.tail.ends_with(end));
        is_between.then(|| {
            Bytes::from(format!(
                "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"upstream_error\",\"message\":\"{error}\"}}}}\n\n"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_stands_between_events_only() {
        for (chunks, expected) in [
            (vec![], true),
            (vec!["data: a\n\n"], true),
            (vec!["data: a\n", "\n"], true),
            (vec!["data: a\r\n", "\r", "\n"], true),
            (vec!["data: a\r\r"], true),
            (vec!["", "data: a\n\n", ""], true),
            (vec!["data: a"], false),
            (vec!["data: a\n"], false),
            (vec!["data: a\r\n"], false),
            (vec!["data: a\n\nd"], false),
        ] {
            let mut stream = EventStream::default();
            chunks.iter().for_each(|chunk| stream.passed(chunk.as_bytes()));
            assert_eq!(stream.error(BodyError::Broken).is_some(), expected, "{chunks:?}");
        }
    }

    #[test]
    fn the_error_is_json() {
        for error in [BodyError::Broken, BodyError::Idle, BodyError::TooLong] {
            let event = EventStream::default().error(error).unwrap();
            let data =
                std::str::from_utf8(&event).unwrap().lines().nth(1).unwrap().strip_prefix("data: ").unwrap();
            assert!(
                data.ends_with(&format!("\"message\":\"{error}\"}}}}")) && !error.to_string().contains('"')
            );
        }
    }

    #[test]
    fn a_stream_of_events_is_told_by_its_type() {
        let of =
            |kind: &'static str| are_events(&HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]));
        assert!(of("text/event-stream") && of("Text/Event-Stream ; charset=utf-8"));
        assert!(!of("application/json") && !of("text/event-streams") && !are_events(&HeaderMap::new()));
    }
}
