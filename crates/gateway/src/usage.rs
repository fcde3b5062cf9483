//! What an answer says about the tokens that it took: read along as it passes, without holding it up.

use std::collections::VecDeque;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::Deserialize;

/// How much of an answer, or of one line of a stream of events, is looked at: its end.
const LOOKED_AT: usize = 64 * 1024;

/// Tokens, as far as the answer says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// Those that went in.
    pub(crate) input: u64,
    /// Those that came out.
    pub(crate) output: u64,
}

/// What the providers call them; some give the same number under two names.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    input_tokens: Option<u64>,
    prompt_tokens: Option<u64>,
    #[serde(rename = "promptTokenCount")]
    prompt_token_count: Option<u64>,
    output_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    #[serde(rename = "candidatesTokenCount")]
    candidates_token_count: Option<u64>,
}

impl Usage {
    fn input(&self) -> Option<u64> {
        self.input_tokens.or(self.prompt_tokens).or(self.prompt_token_count)
    }

    fn output(&self) -> Option<u64> {
        self.output_tokens.or(self.completion_tokens).or(self.candidates_token_count)
    }
}

/// Counts tokens along an answer.
#[derive(Debug)]
pub(crate) struct TokenCounter {
    /// The end of the answer, or of its present line.
    end: VecDeque<u8>,
    /// Whether it comes line by line, each with a usage of its own.
    is_events: bool,
    tokens: Tokens,
}

impl TokenCounter {
    /// For an answer with these headers.
    pub(crate) fn new(headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
        let is_events = kind.to_ascii_lowercase().starts_with(b"text/event-stream");
        Self { end: VecDeque::new(), is_events, tokens: Tokens::default() }
    }

    /// A piece of the answer.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        if !self.is_events {
            self.keep(chunk);
            return;
        }
        for line in chunk.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let is_whole = line.ends_with(b"\n") || line.ends_with(b"\r");
            if is_whole && self.end.is_empty() {
                // Most lines come in one piece, and need not be kept.
                self.look_at(line.get(line.len().saturating_sub(LOOKED_AT)..).unwrap_or_default());
                continue;
            }
            self.keep(line);
            if is_whole {
                self.look();
            }
        }
    }

    /// The answer has ended.
    pub(crate) fn finish(&mut self) -> Tokens {
        self.look();
        self.tokens
    }

    fn keep(&mut self, bytes: &[u8]) {
        let kept = bytes.get(bytes.len().saturating_sub(LOOKED_AT)..).unwrap_or_default();
        let beyond = (self.end.len() + kept.len()).saturating_sub(LOOKED_AT);
        self.end.drain(..beyond.min(self.end.len()));
        self.end.extend(kept);
    }

    /// Takes what the kept end says.
    fn look(&mut self) {
        let mut end = std::mem::take(&mut self.end);
        self.look_at(end.make_contiguous());
        self.end = end;
        self.end.clear();
    }

    /// Takes what a text says, over what was said before: providers count on along a stream.
    fn look_at(&mut self, text: &[u8]) {
        if let Some(usage) = usage_in(text) {
            self.tokens.input = usage.input().unwrap_or(self.tokens.input);
            self.tokens.output = usage.output().unwrap_or(self.tokens.output);
        }
    }
}

/// The last object under one of these names. Within a text of JSON the quotes would be escaped.
fn usage_in(text: &[u8]) -> Option<Usage> {
    let names: [&[u8]; 2] = [b"\"usage\"", b"\"usageMetadata\""];
    // Most lines of a stream say nothing of the kind.
    if !text.split(|byte| *byte == b'"').any(|part| part.starts_with(b"usage")) {
        return None;
    }
    names.into_iter().find_map(|name| {
        let rest = behind_last(text, name)?.trim_ascii_start().strip_prefix(b":")?;
        serde_json::Deserializer::from_slice(rest).into_iter::<Usage>().next()?.ok()
    })
}

/// What stands behind the last occurrence of a name, which begins with a quote.
fn behind_last<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut end = text.len();
    while let Some(at) = text.get(..end)?.iter().rposition(|byte| *byte == b'"') {
        if let Some(rest) = text.get(at..)?.strip_prefix(name) {
            return Some(rest);
        }
        end = at;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(kind: &'static str, text: &str, step: usize) -> Tokens {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
        let mut counter = TokenCounter::new(&headers);
        text.as_bytes().chunks(step).for_each(|chunk| counter.push(chunk));
        counter.finish()
    }

    #[test]
    fn each_providers_usage_is_read_however_it_is_cut() {
        let long = format!(
            r#"{{"choices":["{}"],"usage":{{"prompt_tokens":7,"completion_tokens":9,"x":{{"input_tokens":1}}}}}}"#,
            "a".repeat(200_000)
        );
        for (text, input, output) in [
            (r#"{"id":1,"usage":{"prompt_tokens":12,"completion_tokens":34,"total_tokens":46}}"#, 12, 34),
            (r#"{"usage": {"input_tokens":1,"output_tokens":2}, "stop":null}"#, 1, 2),
            (r#"{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4}}"#, 3, 4),
            (r#"{"text":"\"usage\":{\"input_tokens\":9}"}"#, 0, 0),
            (r#"{"usage":null}"#, 0, 0),
            (r#"{"usage":{"input_tokens":-1}}"#, 0, 0),
            (r#"{"usage""#, 0, 0),
            ("", 0, 0),
            (&long, 7, 9),
        ] {
            for step in [1, 3, 4096] {
                assert_eq!(count("application/json", text, step), Tokens { input, output });
            }
        }
    }

    #[test]
    fn the_last_word_of_a_stream_counts() {
        let anthropic = "event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\nevent: message_delta\ndata: {\"delta\":{},\"usage\":{\"output_tokens\":15}}\n\n";
        let openai = "data: {\"choices\":[{}],\"usage\":null}\r\n\r\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6}}\r\n\r\ndata: [DONE]\r\n\r\n";
        for step in [1, 7, 4096] {
            assert_eq!(count("text/event-stream", anthropic, step), Tokens { input: 25, output: 15 });
            assert_eq!(count("text/event-stream; charset=utf-8", openai, step), Tokens { input: 5, output: 6 });
        }
    }

    #[test]
    fn no_more_than_64_kib_are_held() {
        let mut counter = TokenCounter::new(&HeaderMap::new());
        for _ in 0..100 {
            counter.push(&[b'a'; 5000]);
            counter.push(&[b'b'; 200_000]);
        }
        assert!(counter.end.len() <= LOOKED_AT);
    }
}
