//! A provider that answers as quickly as this machine can: one thread, answers that are ready, hardly any parsing.

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep_until, timeout};

use crate::measure::{find, header, now, stamp};

/// What it takes for a right key; every other request is refused.
pub(crate) const VALUE: &str = "sk-proj-of-a-provider-that-is-measured-0123456789";
/// Events in a stream, but for the last, which says that it is done.
pub(super) const EVENTS: u32 = 50;
/// The field of a request's body that asks for a pause before each event, in microseconds.
pub(super) const PAUSE: &str = "\"pause_us\":";
/// The field of an event that says when it was sent, in nanoseconds since 1970.
pub(super) const SENT: &str = "\"sent_ns\":";

/// Whoever started it may have been killed.
const LONGEST: Duration = Duration::from_secs(6 * 3600);
/// The length of the body of a whole answer.
const WHOLE_BYTES: usize = 600;

/// Serves on a free port, which it prints, until it is killed, six hours at most.
///
/// # Errors
/// When it cannot serve.
pub(super) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("listening on http://{}", listener.local_addr()?);
        io::stdout().flush()?;
        timeout(LONGEST, accept_all(listener)).await.unwrap_or(Ok(())).context("the provider cannot serve")
    })
}

async fn accept_all(listener: TcpListener) -> io::Result<()> {
    let answers = Rc::new(Answers::new());
    let mut conversations = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        while conversations.try_join_next().is_some() {}
        conversations.spawn_local(converse(stream, Rc::clone(&answers)));
    }
}

/// Answers the requests of one connection until that ends.
async fn converse(mut stream: TcpStream, answers: Rc<Answers>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(16 * 1024);
    while let Some(wanted) = read_request(&mut stream, &mut buffer).await? {
        match wanted {
            Wanted::Whole => stream.write_all(&answers.whole).await?,
            Wanted::Events { pause: None } => stream.write_all(&answers.events).await?,
            Wanted::Events { pause: Some(pause) } => pour(&mut stream, pause).await?,
            Wanted::Nothing => stream.write_all(REFUSAL).await?,
        }
    }
    Ok(())
}

/// Sends events one by one, each with the time at which it is sent. One that is late does not put off the next.
async fn pour(stream: &mut TcpStream, pause: Duration) -> io::Result<()> {
    let start = now();
    stream.write_all(EVENTS_HEAD).await?;
    for number in 1..=EVENTS {
        sleep_until((start + pause * number).into()).await;
        stream.write_all(&chunk(&event(stamp()))).await?;
    }
    stream.write_all(&end()).await
}

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    /// An answer at once.
    Whole,
    /// A stream of events; without a pause in one write.
    Events { pause: Option<Duration> },
    /// A refusal: the key is wrong.
    Nothing,
}

impl Wanted {
    fn of(head: &[u8], body: &[u8]) -> Self {
        if header(head, b"authorization: ").and_then(|value| value.strip_prefix("Bearer ")) != Some(VALUE) {
            return Self::Nothing;
        }
        if find(body, b"\"stream\":true").is_none() {
            return Self::Whole;
        }
        Self::Events { pause: number_after(body, PAUSE).map(Duration::from_micros) }
    }
}

/// The number that follows this text.
pub(super) fn number_after(bytes: &[u8], text: &str) -> Option<u64> {
    let start = find(bytes, text.as_bytes())? + text.len();
    let rest = bytes.get(start..)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()
}

/// Reads one request, which has a length; none when the connection ends. What comes after it is not expected.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Wanted>> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
        let Some(start) = find(buffer, b"\r\n\r\n").map(|end| end + 4) else { continue };
        let (head, body) = buffer.split_at_checked(start).unwrap_or_default();
        let length = header(head, b"content-length: ").and_then(|length| length.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Ok(Some(Wanted::of(head, body)));
        }
    }
}

/// Answers that are ready to be sent.
struct Answers {
    whole: Vec<u8>,
    events: Vec<u8>,
}

const REFUSAL: &[u8] = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
const EVENTS_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";

impl Answers {
    fn new() -> Self {
        let body = completion();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length";
        let whole = format!("{head}: {}\r\n\r\n{body}", body.len()).into_bytes();
        let mut events = EVENTS_HEAD.to_vec();
        for _ in 0..EVENTS {
            events.extend(chunk(&event(0)));
        }
        events.extend(end());
        Self { whole, events }
    }
}

/// A chat completion as OpenAI writes it, of [`WHOLE_BYTES`].
fn completion() -> String {
    let text = |words: &str| {
        format!(
            r#"{{"id":"chatcmpl-0123456789","object":"chat.completion","created":1760000000,"model":"gpt-4o-2024-08-06","choices":[{{"index":0,"message":{{"role":"assistant","content":"{words}"}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":60,"completion_tokens":40,"total_tokens":100}},"system_fingerprint":"fp_0123456789"}}"#
        )
    };
    let words: String = "word ".chars().cycle().take(WHOLE_BYTES.saturating_sub(text("").len())).collect();
    text(&words)
}

fn event(sent: u64) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"gpt-4o-2024-08-06\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" word\"}},\"logprobs\":null,\"finish_reason\":null}}],{SENT}{sent}}}\n\n"
    )
}

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

/// The last event, and the end of the stream.
fn end() -> Vec<u8> {
    let mut end = chunk("data: [DONE]\n\n");
    end.extend_from_slice(b"0\r\n\r\n");
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_tells_what_it_asks_for() {
        let head = format!("POST / HTTP/1.1\r\nAuthorization: Bearer {VALUE}\r\n\r\n").into_bytes();
        let of = |body: &str| Wanted::of(&head, body.as_bytes());
        assert_eq!(of("{}"), Wanted::Whole);
        assert_eq!(of(r#"{"stream":true}"#), Wanted::Events { pause: None });
        let pause = Some(Duration::from_micros(6400));
        assert_eq!(of(r#"{"stream":true,"pause_us":6400}"#), Wanted::Events { pause });
        assert_eq!(Wanted::of(b"POST / HTTP/1.1\r\n\r\n", b"{}"), Wanted::Nothing);
        let other = b"POST / HTTP/1.1\r\nauthorization: Bearer khk_of_the_caller\r\n\r\n";
        assert_eq!(Wanted::of(other, b"{}"), Wanted::Nothing);
    }

    #[test]
    fn a_completion_has_the_length_that_is_said() {
        assert_eq!(completion().len(), WHOLE_BYTES);
        assert!(serde_json::from_str::<serde_json::Value>(&completion()).is_ok());
    }
}
