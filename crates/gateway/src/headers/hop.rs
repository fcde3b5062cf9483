//! Headers that end at the next hop (RFC 9110 7.6.1).

use http::HeaderMap;
use http::header::CONNECTION;

/// The names that a message's `Connection` headers give, in lower case and with `-` for `_`: some servers take both
/// for the same.
pub(super) struct Hop(Vec<String>);

impl Hop {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(CONNECTION).iter();
        let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        Self(names.map(|name| plain(&String::from_utf8_lossy(name))).collect())
    }

    /// Whether a header is for this hop alone. The usual ones need not be asked for here: they are on no list.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|named| *named == plain(name))
    }
}

fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace('_', "-")
}
