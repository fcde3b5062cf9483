//! The server under attack.

use std::cell::Cell;
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use keyholt_testkit::http2::Http2;
use keyholt_testkit::{Answer, Client, Response, Server, Setup, Stopwatch, Usage, read_answer};

use crate::tally::Tally;

/// Stands in every hostile request where a value could: no answer and no log line may hold it.
pub(crate) const VALUE: &str = "sk-never-shown-anywhere";

/// Where most attacks go.
pub(crate) const ORG: &str = "/v1/ai_secret";
/// The other collection.
pub(crate) const PROJECT: &str = "/v1/deployments/secrets";

/// How long a refusal may take.
pub(crate) const PROMPT: Duration = Duration::from_secs(2);

/// A running server, and how much memory it had before the attacks.
pub(crate) struct Victim {
    server: Server,
    client: Client,
    peak_before: u64,
    tally: Cell<Tally>,
    // Its folder goes when the server has gone.
    _setup: Setup,
}

impl Victim {
    /// Starts it, and lets it serve a few requests so that it has the memory it needs for that.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with these options.
    pub(crate) fn start_with(options: &[&str]) -> Self {
        let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
        let setup = setup.variable("KEYHOLT_LOG_LEVEL", "trace").variable("KEYHOLT_ACCESS_LOG", "true");
        let server = setup.start_with(&[&["--listen", "127.0.0.1:0"], options].concat()).unwrap();
        let mut client = server.client();
        for _ in 0..10 {
            let body =
                format!(r#"{{"name":"ordinary","secret":"{VALUE}","unknown":"{}"}}"#, "x".repeat(900_000));
            assert_eq!(client.send("POST", ORG, Some(body.as_bytes())).unwrap().status, 200);
        }
        let peak_before = Usage::of(server.pid()).unwrap().peak;
        Self { server, client, peak_before, tally: Cell::default(), _setup: setup }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The folder of its files.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self._setup.folder()
    }

    /// Counts a hostile request, and how long the server had to do with it.
    pub(crate) fn count(&self, taken: Duration) {
        self.tally.set(self.tally.get().with(taken));
    }

    /// A new connection with the first API key.
    pub(crate) fn client(&self) -> Client {
        self.server.client()
    }

    /// A new connection without a credential.
    pub(crate) fn stranger(&self) -> Client {
        self.server.anonymous()
    }

    /// The head of a request with the first API key, without its last, empty line.
    pub(crate) fn head(&self, method: &str, target: &str) -> String {
        let address = self.server.address();
        format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n", Setup::KEY)
    }

    /// Sends these bytes on a connection of their own; what comes back is held to the common rules.
    #[track_caller]
    pub(crate) fn attack(&mut self, bytes: &[u8]) -> Response {
        let watch = Stopwatch::start();
        let response = self.stranger().send_bytes(bytes, PROMPT).unwrap();
        // Where the connection stays open, the client has waited in vain for more.
        self.count(if response.closed { watch.elapsed() } else { watch.elapsed().saturating_sub(PROMPT) });
        for answer in &response.answers {
            self.check(answer);
        }
        self.assert_serves();
        response
    }

    /// Sends these bytes on a connection of their own and does not wait for more than one answer.
    #[track_caller]
    pub(crate) fn first_answer(&mut self, bytes: &[u8]) -> Answer {
        let watch = Stopwatch::start();
        let mut stream = TcpStream::connect(self.server.address()).unwrap();
        stream.set_read_timeout(Some(PROMPT)).unwrap();
        stream.write_all(bytes).unwrap();
        let answer = read_answer(&mut BufReader::new(stream), false).expect("a prompt answer");
        self.count(watch.elapsed());
        self.check(&answer);
        self.assert_serves();
        answer
    }

    /// Sends a request with the first API key and this body; the answer is held to the common rules.
    #[track_caller]
    pub(crate) fn ask(&mut self, method: &str, target: &str, body: &[u8]) -> Answer {
        let watch = Stopwatch::start();
        let answer = self.client.send(method, target, Some(body)).unwrap();
        self.count(watch.elapsed());
        self.check(&answer);
        self.assert_serves();
        answer
    }

    /// The same over HTTP/2, on a connection of its own. An error is the end of the stream or of the connection without
    /// an answer, in time.
    #[track_caller]
    pub(crate) fn ask_http2(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let bearer = format!("Bearer {}", Setup::KEY);
        let watch = Stopwatch::start();
        let mut client = Http2::connect(self.address(), PROMPT).unwrap();
        let asked =
            client.ask(method, target, &[&[("authorization", bearer.as_str())], headers].concat(), body);
        self.count(watch.elapsed());
        assert!(watch.elapsed() < PROMPT, "{method} {target:.60}: {:?}", watch.elapsed());
        if let Ok(answer) = &asked {
            self.check(answer);
        }
        self.assert_serves();
        asked
    }

    /// The names of all rows.
    #[track_caller]
    pub(crate) fn names(&mut self) -> Vec<String> {
        let json = self.client.send("GET", ORG, None).unwrap().json();
        let rows = json["objects"].as_array().unwrap();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The server serves others, at once.
    #[track_caller]
    pub(crate) fn assert_serves(&self) {
        let watch = Stopwatch::start();
        let answer = self.client().send("GET", "/v1/ai_secret?limit=1", None).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(watch.elapsed() < PROMPT, "{:?}", watch.elapsed());
    }

    /// Whether the server serves on a new connection.
    pub(crate) fn try_serve(&self) -> bool {
        self.client().send("GET", "/v1/ai_secret?limit=1", None).is_ok_and(|answer| answer.status == 200)
    }

    /// At its largest the server has grown by at most this much.
    #[track_caller]
    pub(crate) fn assert_growth_below(&self, bytes: u64) {
        let peak = Usage::of(self.server.pid()).unwrap().peak;
        let growth = peak.saturating_sub(self.peak_before);
        println!("grown by at most {} KiB", growth / 1024);
        assert!(growth < bytes, "grown by {} KiB", growth / 1024);
    }

    /// What it has logged; it may hold no value.
    #[track_caller]
    pub(crate) fn log(&self) -> String {
        let log = String::from_utf8_lossy(&self.server.output()).into_owned();
        assert!(!log.contains(VALUE), "a value is in the log");
        log
    }

    #[track_caller]
    fn check(&self, answer: &Answer) {
        assert!(answer.status < 500, "{} {}", answer.status, answer.text());
        for hidden in [VALUE, Setup::KEY] {
            let is_there = answer.bytes().windows(hidden.len()).any(|bytes| bytes == hidden.as_bytes());
            assert!(!is_there, "{} {}", answer.status, answer.text());
        }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.tally.get().report();
    }
}
