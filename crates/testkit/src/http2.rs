//! A small HTTP/2 client over TCP that sends whatever frames it is given: the odd ones are what it is for
//! (RFC 9113, RFC 7541).
//!
//! It asks the server for a header table of no length, so that every answer's status can be read without remembering
//! what came before. Of an answer's headers it reads the status alone.

use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::Answer;

/// What a client of HTTP/2 says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The most bytes of a frame's payload that every server takes.
const LARGEST_PAYLOAD: usize = 16_384;

/// Types of frames (RFC 9113 6).
pub mod kind {
    /// A part of a body.
    pub const DATA: u8 = 0;
    /// The head of a request, or its beginning.
    pub const HEADERS: u8 = 1;
    /// An order of streams.
    pub const PRIORITY: u8 = 2;
    /// The end of a stream before its time.
    pub const RST_STREAM: u8 = 3;
    /// Parameters of the connection.
    pub const SETTINGS: u8 = 4;
    /// A sign of life.
    pub const PING: u8 = 6;
    /// The end of the connection.
    pub const GOAWAY: u8 = 7;
    /// Room for more.
    pub const WINDOW_UPDATE: u8 = 8;
    /// The rest of a head.
    pub const CONTINUATION: u8 = 9;
}

/// The flag of the last frame of a body, or of an acknowledgement.
pub const END_STREAM: u8 = 1;
/// The flag of the last frame of a head.
pub const END_HEADERS: u8 = 4;

/// A frame's bytes.
#[must_use]
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut bytes = length.get(1..).unwrap_or_default().to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// One connection.
#[derive(Debug)]
pub struct Http2 {
    reader: BufReader<TcpStream>,
    next_stream: u32,
    /// How much the server has room for: on the connection, and on a new stream.
    connection_room: i64,
    stream_room: i64,
}

/// A frame that has come.
struct Came {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Http2 {
    /// A connection whose beginning is said; no answer may take longer than `patience`.
    ///
    /// # Errors
    /// When there is no connection.
    pub fn connect(address: SocketAddr, patience: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        let reader = BufReader::new(stream);
        let mut client = Self { reader, next_stream: 1, connection_room: 65_535, stream_room: 65_535 };
        // HEADER_TABLE_SIZE 0, INITIAL_WINDOW_SIZE 2^31 - 1.
        let settings = [0, 1, 0, 0, 0, 0, 0, 4, 0x7F, 0xFF, 0xFF, 0xFF];
        let room = frame(kind::WINDOW_UPDATE, 0, 0, &0x7FFF_0000_u32.to_be_bytes());
        client.send(&[PREFACE, &frame(kind::SETTINGS, 0, 0, &settings), &room].concat())?;
        // The first frame is the server's settings, which say how much it has room for.
        let first = client.read()?;
        client.note(&first, 0)?;
        Ok(client)
    }

    /// Sends these bytes as they are.
    ///
    /// # Errors
    /// When the server has closed the connection, or takes no more.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// The number of the next stream.
    pub const fn open_stream(&mut self) -> u32 {
        let stream = self.next_stream;
        self.next_stream += 2;
        stream
    }

    /// Sends a request and reads its answer; names of headers are in lower case.
    ///
    /// # Errors
    /// When the connection or the stream ends before the answer.
    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let stream = self.open_stream();
        let pseudo = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "a")];
        let head = head(&[&pseudo, headers].concat());
        self.send(&head_frames(stream, &head, body.is_empty()))?;
        self.answer_to(stream, body)
    }

    /// Sends a body, as far as the server has room for it, and reads the answer to a request whose head was sent.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn answer_to(&mut self, stream: u32, body: &[u8]) -> io::Result<Answer> {
        let mut rest = body;
        let mut room = self.stream_room;
        let mut answer = Answer::default();
        loop {
            while !rest.is_empty() && room.min(self.connection_room) > 0 {
                let most = usize::try_from(room.min(self.connection_room)).unwrap_or_default();
                let (part, after) = rest.split_at(rest.len().min(most).min(LARGEST_PAYLOAD));
                let flags = if after.is_empty() { END_STREAM } else { 0 };
                if self.send(&frame(kind::DATA, flags, stream, part)).is_err() {
                    // An early refusal may have closed the connection; the answer counts.
                    break;
                }
                room -= part.len() as i64;
                self.connection_room -= part.len() as i64;
                rest = after;
            }
            let came = self.read()?;
            room += self.note(&came, stream)?;
            if came.stream != stream {
                continue;
            }
            match came.kind {
                kind::HEADERS => {
                    answer.status = status_of(&came.payload).ok_or(io::ErrorKind::InvalidData)?;
                }
                kind::DATA => answer.body.extend(came.payload),
                kind::RST_STREAM if answer.status == 0 => return Err(io::ErrorKind::ConnectionReset.into()),
                kind::RST_STREAM => return Ok(answer),
                _ => continue,
            }
            // An answer that comes before the whole body ends the request too.
            if came.flags & END_STREAM != 0 {
                return Ok(answer);
            }
        }
    }

    /// Reads until the server ends the connection, answering its pings; gives whether it did in time.
    pub fn is_ended(&mut self) -> bool {
        loop {
            match self.read().and_then(|came| self.note(&came, 0)) {
                Ok(_) => {}
                Err(error) => {
                    return !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
                }
            }
        }
    }

    /// Does what a frame asks for; gives the room that it makes on this stream.
    fn note(&mut self, came: &Came, stream: u32) -> io::Result<i64> {
        match came.kind {
            kind::SETTINGS if came.flags & END_STREAM == 0 => {
                for setting in came.payload.as_chunks::<6>().0 {
                    let [high, low, value @ ..] = *setting;
                    if (high, low) == (0, 4) {
                        self.stream_room = i64::from(u32::from_be_bytes(value));
                    }
                }
                self.send(&frame(kind::SETTINGS, END_STREAM, 0, &[]))?;
            }
            kind::PING if came.flags & END_STREAM == 0 => {
                self.send(&frame(kind::PING, END_STREAM, 0, &came.payload))?;
            }
            kind::WINDOW_UPDATE => {
                let room = came.payload.first_chunk().map_or(0, |room| i64::from(u32::from_be_bytes(*room)));
                if came.stream == 0 {
                    self.connection_room += room;
                } else if came.stream == stream {
                    return Ok(room);
                }
            }
            _ => {}
        }
        Ok(0)
    }

    fn read(&mut self) -> io::Result<Came> {
        let mut head = [0; 9];
        self.reader.read_exact(&mut head)?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or_default()];
        self.reader.read_exact(&mut payload)?;
        Ok(Came { kind, flags, stream: u32::from_be_bytes(stream) & 0x7FFF_FFFF, payload })
    }
}

/// A head as literals that nobody remembers (RFC 7541 6.2.2).
#[must_use]
pub fn head(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            push_length(&mut block, text.len());
            block.extend(text.as_bytes());
        }
    }
    block
}

/// The frames of a head: HEADERS, and CONTINUATION as often as it takes.
#[must_use]
pub fn head_frames(stream: u32, head: &[u8], ends_request: bool) -> Vec<u8> {
    let mut parts = head.chunks(LARGEST_PAYLOAD).peekable();
    let (mut bytes, mut kind, mut flags) = (Vec::new(), kind::HEADERS, u8::from(ends_request));
    while let Some(part) = parts.next() {
        let last = if parts.peek().is_none() { END_HEADERS } else { 0 };
        bytes.extend(frame(kind, flags | last, stream, part));
        (kind, flags) = (kind::CONTINUATION, 0);
    }
    bytes
}

/// An integer with a prefix of seven bits (RFC 7541 5.1).
fn push_length(block: &mut Vec<u8>, length: usize) {
    if length < 127 {
        block.push(u8::try_from(length).unwrap_or_default());
        return;
    }
    block.push(127);
    let mut rest = length - 127;
    while rest >= 128 {
        block.push(u8::try_from(rest % 128).unwrap_or_default() | 128);
        rest /= 128;
    }
    block.push(u8::try_from(rest).unwrap_or_default());
}

/// The status, which is an answer's first field: an entry of the static table, or a literal of that name.
fn status_of(mut block: &[u8]) -> Option<u16> {
    const STATIC: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    loop {
        let (first, rest) = block.split_first()?;
        match first {
            // A new size of the table.
            0x20..=0x3E => block = rest,
            0x88..=0x8E => return STATIC.get(usize::from(first - 0x88)).copied(),
            // A literal whose name is that of entries 8 to 14; three digits.
            0x08..=0x0E | 0x18..=0x1E | 0x48..=0x4E => {
                let (length, text) = rest.split_first()?;
                let text = text.get(..usize::from(length & 0x7F))?;
                return if length & 0x80 == 0 {
                    std::str::from_utf8(text).ok()?.parse().ok()
                } else {
                    digits(text)
                };
            }
            _ => return None,
        }
    }
}

/// Digits in the code of RFC 7541 B: 0 to 2 in five bits, 3 to 9 in six; what is left over is filled with ones.
fn digits(bytes: &[u8]) -> Option<u16> {
    let mut bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |place| u16::from(byte >> place & 1)));
    let mut number = 0;
    for _ in 0..3 {
        let mut code = 0;
        for _ in 0..5 {
            code = code << 1 | bits.next()?;
        }
        let digit = if code <= 2 { code } else { (code << 1 | bits.next()?).checked_sub(0b01_1001)? + 3 };
        number = number * 10 + Some(digit).filter(|digit| *digit <= 9)?;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_in_every_form() {
        assert_eq!(status_of(&[0x88]), Some(200));
        assert_eq!(status_of(&[0x20, 0x8D, 0x00]), Some(404));
        assert_eq!(status_of(b"\x48\x03429"), Some(429));
        // The examples of RFC 7541 C.6, and others by the table of its appendix B.
        assert_eq!(status_of(&[0x48, 0x82, 0x64, 0x02]), Some(302));
        assert_eq!(status_of(&[0x48, 0x83, 0x64, 0x0E, 0xFF]), Some(307));
        assert_eq!(status_of(&[0x08, 0x83, 0x68, 0x4F, 0xFF]), Some(429));
        assert_eq!(status_of(&[0x08, 0x83, 0x7D, 0xF7, 0xFF]), Some(999));
        assert_eq!((status_of(&[]), status_of(&[0x48, 0x83, 0xFF, 0xFF, 0xFF])), (None, None));
    }

    #[test]
    fn long_texts_have_their_length_in_several_bytes() {
        assert_eq!(head(&[("a", "b")]), [0, 1, b'a', 1, b'b']);
        let long = head(&[("a", &"x".repeat(1337))]);
        assert_eq!(long.get(3..6).unwrap(), [127, 0xBA, 0x09], "1337 - 127 = 1210 = 9 * 128 + 58");
        let frames = head_frames(1, &vec![0; LARGEST_PAYLOAD + 1], true);
        assert_eq!(frames.get(..9).unwrap(), [0, 0x40, 0, kind::HEADERS, END_STREAM, 0, 0, 0, 1]);
        assert_eq!(
            frames.get(9 + LARGEST_PAYLOAD..).unwrap(),
            [0, 0, 1, kind::CONTINUATION, END_HEADERS, 0, 0, 0, 1, 0]
        );
    }
}
