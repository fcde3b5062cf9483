//! Requests for one secret, with the right key or with one that is made up.

use std::io::Write;
use std::net::SocketAddr;

use crate::measure::{KEY, Requests, id_of, scattered};

/// How many secrets are stored.
pub(super) const STORED: u64 = 1_000;

/// Which key a request has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Key {
    /// The one that is valid.
    Right,
    /// Another one for each request, in the form of ours.
    MadeUp,
}

/// The requests of one connection.
pub(super) struct Finds {
    address: SocketAddr,
    key: Key,
    /// Tells one connection from another.
    lane: u64,
    number: u64,
}

impl Finds {
    /// The requests of a connection with this number in a measurement with that one.
    pub(super) const fn new(address: SocketAddr, key: Key, measurement: u64, connection: u64) -> Self {
        Self { address, key, lane: scattered(measurement << 32 | connection), number: 0 }
    }
}

impl Requests for Finds {
    fn write_next(&mut self, to: &mut Vec<u8>) {
        self.number += 1;
        let seed = self.lane.wrapping_add(self.number << 8);
        let id = id_of(scattered(seed) % STORED);
        let made_up;
        let key = match self.key {
            Key::Right => KEY,
            Key::MadeUp => {
                made_up = make_up(seed);
                &made_up
            }
        };
        // Writing to memory does not fail.
        let _written = write!(
            to,
            "GET /v1/ai_secret/{id} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\n\r\n",
            self.address
        );
    }
}

/// `khk_` and 48 letters and digits.
fn make_up(seed: u64) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut key = String::with_capacity(52);
    key.push_str("khk_");
    for part in 1..=6 {
        let mut rest = scattered(seed.wrapping_add(part));
        for _ in 0..8 {
            let letter = usize::try_from(rest % 62).ok().and_then(|place| LETTERS.get(place));
            key.extend(letter.map(|letter| char::from(*letter)));
            rest /= 62;
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn made_up_keys_have_our_form_and_differ() {
        let mut seen = BTreeSet::new();
        for connection in 0..4 {
            let mut finds = Finds::new(([127, 0, 0, 1], 1).into(), Key::MadeUp, 1, connection);
            for _ in 0..100 {
                let mut request = Vec::new();
                finds.write_next(&mut request);
                let request = String::from_utf8(request).unwrap();
                let key = request.split("Bearer ").nth(1).unwrap().trim_end().to_owned();
                assert!(key.len() == 52 && key.starts_with("khk_"), "{key}");
                seen.insert(key);
            }
        }
        assert_eq!(seen.len(), 400);
    }
}
