//! Requests for chat completions, as an SDK sends them.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;

use super::provider::PAUSE;
use crate::measure::Requests;

/// Which way requests go.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// Who is asked.
    pub(crate) address: SocketAddr,
    /// For what.
    pub(crate) path: String,
    /// With which headers beside those that every client sends: lines that end with CRLF.
    pub(crate) headers: String,
}

/// What the answer is like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// A body with a length.
    Whole,
    /// A stream of events, all in one write.
    Events,
    /// A stream of events with this pause before each.
    Paced(Duration),
}

impl Shape {
    /// Its name in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Whole => "chat",
            Self::Events => "stream",
            Self::Paced(_) => "paced stream",
        }
    }
}

impl Way {
    /// With an API key, as OpenAI's clients send it.
    pub(crate) fn with_key(address: SocketAddr, path: &str, key: &str) -> Self {
        Self { address, path: path.to_owned(), headers: format!("Authorization: Bearer {key}\r\n") }
    }

    /// A request, as bytes.
    pub(crate) fn request(&self, shape: Shape) -> Vec<u8> {
        let body = body(shape);
        let Self { address, path, headers } = self;
        format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\nContent-Type: application/json\r\nUser-Agent: OpenAI/Python 2.0.0\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

fn body(shape: Shape) -> String {
    let words = "Tell me in a few words what a store for keys is good for, and for whom. ".repeat(4);
    let mut body = json!({
        "model": "gpt-4o",
        "messages": [{ "role": "system", "content": "You are brief." }, { "role": "user", "content": words }],
        "temperature": 0.7,
        "stream": shape != Shape::Whole,
    });
    if let (Shape::Paced(pause), Some(fields)) = (shape, body.as_object_mut()) {
        let pause = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        fields.insert(PAUSE.trim_matches(['"', ':']).to_owned(), pause.into());
    }
    body.to_string()
}

/// The requests of one connection: all alike, or one in so many streamed; as many as there is time for, or so many.
pub(crate) struct Chats {
    usual: Vec<u8>,
    /// One in ten, where it is another.
    tenth: Option<Vec<u8>>,
    left: Option<u64>,
}

impl Chats {
    /// As many as there is time for.
    pub(crate) fn endless(way: &Way, shape: Shape) -> Self {
        Self { usual: way.request(shape), tenth: None, left: None }
    }

    /// So many, every tenth of them streamed.
    pub(crate) fn counted(way: &Way, count: u64) -> Self {
        Self { usual: way.request(Shape::Whole), tenth: Some(way.request(Shape::Events)), left: Some(count) }
    }
}

impl Requests for Chats {
    fn write_next(&mut self, to: &mut Vec<u8>) {
        let is_tenth = self.left.is_some_and(|left| left % 10 == 0);
        let request = self.tenth.as_ref().filter(|_| is_tenth).unwrap_or(&self.usual);
        to.extend_from_slice(request);
        self.left = self.left.map(|left| left.saturating_sub(1));
    }

    fn is_done(&self) -> bool {
        self.left == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_asked_for_and_a_tenth_of_them_streamed() {
        let way = Way::with_key(([127, 0, 0, 1], 1).into(), "/", "a");
        let mut chats = Chats::counted(&way, 100);
        let mut asked = Vec::new();
        while !chats.is_done() {
            let mut request = Vec::new();
            chats.write_next(&mut request);
            asked.push(String::from_utf8(request).unwrap().contains("\"stream\":true"));
        }
        assert_eq!((asked.len(), asked.iter().filter(|is_streamed| **is_streamed).count()), (100, 10));
        assert!(!Chats::endless(&way, Shape::Whole).is_done());
    }
}
