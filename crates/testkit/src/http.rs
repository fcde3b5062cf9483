//! A small HTTP/1.1 client that sends whatever bytes it is given: the odd ones are what it is for.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(40);

/// An answer as it came.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, chunks joined.
    pub body: Vec<u8>,
}

/// What came of bytes that need not be a request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Response {
    /// Every whole answer that came before the end of the connection.
    pub answers: Vec<Answer>,
    /// Whether the server closed the connection in time.
    pub closed: bool,
}

impl Answer {
    /// A header, when there is exactly one of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// A text in the body, by JSON pointer; empty when there is none.
    #[must_use]
    pub fn string(&self, pointer: &str) -> String {
        self.json().pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// All of the answer, to search it.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for (name, value) in &self.headers {
            all.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        all.extend_from_slice(&self.body);
        all
    }
}

/// One keep-alive connection, made when it is needed.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    headers: Vec<(String, String)>,
    patience: Duration,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client without a credential.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, headers: Vec::new(), patience: PATIENCE, connection: None }
    }

    /// With a header in every request of [`send`](Self::send).
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this API key.
    #[must_use]
    pub fn bearer(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    /// With this much patience for one answer.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The server's address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a request and reads its answer. A connection that the server has closed between two
    /// requests is made anew, once, unless a byte of an answer came.
    ///
    /// # Errors
    /// When the connection fails, breaks, or the answer is no HTTP/1.1 or late.
    pub fn send(&mut self, method: &str, target: &str, body: Option<&[u8]>) -> io::Result<Answer> {
        let reused = self.connection.is_some();
        let request = self.request(method, target, body);
        match self.exchange(&request, method == "HEAD") {
            Err(error) if reused && error.kind() != io::ErrorKind::WouldBlock => {
                self.exchange(&request, method == "HEAD")
            }
            result => result,
        }
    }

    /// As [`send`](Self::send), on the connection as it is: never sent twice, so that a lost answer
    /// stays lost.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_once(&mut self, method: &str, target: &str, body: Option<&[u8]>) -> io::Result<Answer> {
        let request = self.request(method, target, body);
        self.exchange(&request, method == "HEAD")
    }

    /// Sends a request with a JSON body.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn json(&mut self, method: &str, target: &str, body: &Value) -> io::Result<Answer> {
        self.send(method, target, Some(body.to_string().as_bytes()))
    }

    /// Sends these bytes on a new connection and reads answers until the server closes it or nothing
    /// more comes for `quiet`.
    ///
    /// # Errors
    /// When no connection can be made. That the server closes while bytes are sent is no error.
    pub fn send_bytes(&self, bytes: &[u8], quiet: Duration) -> io::Result<Response> {
        let stream = connect(self.address, self.patience)?;
        stream.set_read_timeout(Some(quiet))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        // A server that refuses early may close while the rest is on its way.
        let sent = (&stream).write_all(bytes);
        let mut response = Response { answers: Vec::new(), closed: sent.is_err() };
        loop {
            match read_answer(&mut reader, false) {
                Ok(answer) => response.answers.push(answer),
                Err(error) => {
                    response.closed |= !is_timeout(&error);
                    return Ok(response);
                }
            }
        }
    }

    fn request(&self, method: &str, target: &str, body: Option<&[u8]>) -> Vec<u8> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = body {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default());
        bytes
    }

    fn exchange(&mut self, request: &[u8], without_body: bool) -> io::Result<Answer> {
        let mut reader = match self.connection.take() {
            Some(reader) => reader,
            None => BufReader::new(connect(self.address, self.patience)?),
        };
        // An early refusal may close the connection while the body is on its way; the answer counts.
        let sent = reader.get_mut().write_all(request);
        let answer = read_answer(&mut reader, without_body).map_err(|error| sent.err().unwrap_or(error))?;
        if answer.header("connection") != Some("close") {
            self.connection = Some(reader);
        }
        Ok(answer)
    }
}

fn connect(address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Reads one answer, its body by length, by chunks, or to the end of the connection.
///
/// # Errors
/// When the connection ends first, or what came is no HTTP/1.1.
pub fn read_answer(reader: &mut impl BufRead, without_body: bool) -> io::Result<Answer> {
    let mut answer = Answer::default();
    let line = read_line(reader)?;
    let status = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "));
    answer.status = status.and_then(|rest| rest.get(..3)?.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    loop {
        let line = read_line(reader)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
        answer.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if without_body || matches!(answer.status, 100..200 | 204 | 304) {
        return Ok(answer);
    }
    if answer.header("transfer-encoding") == Some("chunked") {
        read_chunks(reader, &mut answer.body)?;
    } else if let Some(length) = answer.header("content-length") {
        let length: u64 = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        if io::copy(&mut reader.take(length), &mut answer.body)? < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    } else {
        reader.read_to_end(&mut answer.body)?;
    }
    Ok(answer)
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let line = read_line(reader)?;
        let size = u64::from_str_radix(line.trim(), 16).map_err(|_| io::ErrorKind::InvalidData)?;
        if io::copy(&mut reader.take(size), body)? < size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !read_line(reader)?.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if size == 0 {
            return Ok(());
        }
    }
}

fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_one_connection_are_told_apart() {
        let mut bytes: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\n{}\
            HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n\
            HTTP/1.1 200 OK\r\n\r\nto the end";
        let first = read_answer(&mut bytes, false).unwrap();
        assert_eq!((first.status, first.header("x-a"), first.text().as_str()), (200, Some("b"), "{}"));
        let second = read_answer(&mut bytes, false).unwrap();
        assert_eq!((second.status, second.text().as_str()), (404, "abc0123456789"));
        assert_eq!(read_answer(&mut bytes, false).unwrap().text(), "to the end");
    }

    #[test]
    fn half_an_answer_is_an_error() {
        for half in ["", "HTTP/1.1 200 OK\r\nconte", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab"] {
            assert!(read_answer(&mut half.as_bytes(), false).is_err(), "{half:?}");
        }
    }
}
