//! One request on a connection of its own, to set up what is measured.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::answer;
use super::program::KEY;

/// Sends a body as JSON with [`KEY`]; gives the answer's, which must be JSON with a length.
///
/// # Errors
/// When it is not answered with 200.
pub(crate) fn ask(address: SocketAddr, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
    ask_with(KEY, address, method, path, body)
}

/// The same with another key.
///
/// # Errors
/// When it is not answered with 200.
pub(crate) fn ask_with(
    key: &str,
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &Value,
) -> anyhow::Result<Value> {
    let body = body.to_string();
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let status = answer::first(&bytes).map(|answer| answer.status);
    let start = answer::find(&bytes, b"\r\n\r\n").context("no head")? + 4;
    let answer = bytes.get(start..).unwrap_or_default();
    ensure!(status == Some(200), "{method} {path} is refused: {}", String::from_utf8_lossy(answer));
    Ok(serde_json::from_slice(answer)?)
}
