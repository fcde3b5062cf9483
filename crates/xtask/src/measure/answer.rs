//! Where one HTTP/1.1 answer ends and the next begins.

/// An answer that has come whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Whole {
    /// Its status.
    pub(crate) status: u16,
    /// Its length in bytes, head and body.
    pub(crate) length: usize,
}

/// The first answer in these bytes; none while it is not whole. One without a length that can be read has none.
pub(crate) fn first(bytes: &[u8]) -> Option<Whole> {
    let body = find(bytes, b"\r\n\r\n")? + 4;
    let head = bytes.get(..body)?;
    let status = std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()?;
    let length = match header(head, b"content-length: ") {
        Some(length) => body + length.parse::<usize>().ok()?,
        None => body + chunks(bytes.get(body..)?)?,
    };
    (bytes.len() >= length).then_some(Whole { status, length })
}

/// The length of a body in chunks, when it is whole.
fn chunks(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = body.get(at..)?;
        let line = find(rest, b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..line)?).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        at += line + 2 + size + 2;
        if size == 0 {
            return (body.len() >= at).then_some(at);
        }
    }
}

/// A header's value in this head; its name is given in lower case, with the colon and the blank after it.
pub(crate) fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let matches = |line: &&[u8]| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let line = head.split(|byte| *byte == b'\n').find(matches)?;
    std::str::from_utf8(line.get(name.len()..)?).ok().map(str::trim)
}

/// Where these bytes are first.
pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_its_length_or_its_last_chunk_says() {
        let plain = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP";
        assert_eq!(first(plain), Some(Whole { status: 200, length: plain.len() - 4 }));
        let chunked = b"HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\nHTTP";
        assert_eq!(first(chunked), Some(Whole { status: 404, length: chunked.len() - 4 }));
    }

    #[test]
    fn a_part_of_an_answer_is_none() {
        for whole in [
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nx: y\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        ] {
            for end in 0..whole.len() {
                assert_eq!(first(&whole.as_bytes()[..end]), None, "{end}");
            }
            assert!(first(whole.as_bytes()).is_some());
        }
    }
}
