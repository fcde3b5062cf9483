//! A text that stands nowhere else in the world, and the search for it in every form it could take.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;

use crate::Random;

/// A form in which a text may have been written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// The other way round.
    Reversed,
    /// Base64, at one of the three alignments in a longer text.
    Base64(u8),
    /// The same with the alphabet for URLs.
    Base64Url(u8),
    /// Hexadecimal digits, small.
    HexLower,
    /// Hexadecimal digits, capital.
    HexUpper,
    /// Percent-encoding of all but letters and digits.
    Url,
    /// The escapes that JSON and Rust's `Debug` have in common, or those of JSON alone.
    JsonEscaped,
    /// UTF-16, little-endian.
    Utf16,
    /// `[104, 101, …`, as a `Debug` of bytes prints it.
    ByteList,
    /// `104,101,…`, as compact JSON prints it.
    CompactByteList,
}

/// One canary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Canary {
    /// Where it was put, to name it without showing it.
    pub place: String,
    /// The text.
    pub text: String,
}

/// A canary that was found.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Find {
    /// Where the canary had been put.
    pub place: String,
    /// The form in which it was found.
    pub encoding: Encoding,
    /// Where it was found.
    pub found_in: PathBuf,
}

impl Canary {
    /// A canary of 40 letters and digits, with characters between that every escape changes.
    pub fn new(place: &str, random: &mut Random) -> Self {
        Self { place: place.to_owned(), text: format!("{}\"/<é>\\{}", random.text(20), random.text(20)) }
    }

    /// A canary of visible ASCII without anything to escape, such as an API key is.
    pub fn plain(place: &str, random: &mut Random) -> Self {
        Self { place: place.to_owned(), text: format!("sk-{}", random.text(40)) }
    }

    /// All its forms, each with the bytes that betray it: those that do not depend on what stands
    /// beside it.
    #[must_use]
    pub fn forms(&self) -> Vec<(Encoding, Vec<u8>)> {
        let bytes = self.text.as_bytes();
        let mut forms = vec![
            (Encoding::Plain, bytes.to_vec()),
            (Encoding::Reversed, bytes.iter().rev().copied().collect()),
            (Encoding::HexLower, joined(bytes, "", |byte| format!("{byte:02x}"))),
            (Encoding::HexUpper, joined(bytes, "", |byte| format!("{byte:02X}"))),
            (Encoding::Url, joined(bytes, "", percent_encoded)),
            (Encoding::JsonEscaped, json_escaped(&self.text)),
            (Encoding::Utf16, self.text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            (Encoding::ByteList, joined(bytes, ", ", |byte| byte.to_string())),
            (Encoding::CompactByteList, joined(bytes, ",", |byte| byte.to_string())),
        ];
        for alignment in 0..3 {
            forms.push((Encoding::Base64(alignment), inner_base64(&STANDARD_NO_PAD, bytes, alignment)));
            forms.push((Encoding::Base64Url(alignment), inner_base64(&URL_SAFE_NO_PAD, bytes, alignment)));
        }
        forms
    }

    /// Looks for all its forms in these bytes.
    #[must_use]
    pub fn find_in(&self, bytes: &[u8], name: &Path) -> Vec<Find> {
        let found = self.forms().into_iter().filter(|(_, form)| memmem::find(bytes, form).is_some());
        found
            .map(|(encoding, _)| Find { place: self.place.clone(), encoding, found_in: name.to_owned() })
            .collect()
    }

    /// Looks for all forms of all canaries in every file below a folder, read whole.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn find_all_below(canaries: &[Self], folder: &Path) -> io::Result<Vec<Find>> {
        let mut finds = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                finds.extend(Self::find_all_below(canaries, &path)?);
            } else {
                let bytes = match fs::read(&path) {
                    Ok(bytes) => bytes,
                    // Whoever runs there may remove a file meanwhile, and a socket cannot be read.
                    Err(error) if error.kind() == io::ErrorKind::NotFound || !path.is_file() => Vec::new(),
                    Err(error) => return Err(error),
                };
                finds.extend(canaries.iter().flat_map(|canary| canary.find_in(&bytes, &path)));
                let name = path.file_name().unwrap_or_default().as_encoded_bytes();
                finds.extend(canaries.iter().flat_map(|canary| canary.find_in(name, &path)));
            }
        }
        Ok(finds)
    }
}

fn joined(bytes: &[u8], between: &str, form: impl Fn(u8) -> String) -> Vec<u8> {
    bytes.iter().map(|byte| form(*byte)).collect::<Vec<_>>().join(between).into_bytes()
}

fn percent_encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

fn json_escaped(text: &str) -> Vec<u8> {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_matches('"').as_bytes().to_vec()
}

/// The letters of the base64 of a text that begins with `alignment` other bytes which no neighbour
/// has a part in.
fn inner_base64(engine: &impl base64::Engine, bytes: &[u8], alignment: u8) -> Vec<u8> {
    let skip = usize::from(3 - alignment) % 3;
    let whole = bytes.get(skip..).unwrap_or_default();
    let whole = whole.get(..whole.len() / 3 * 3).unwrap_or_default();
    engine.encode(whole).into_bytes()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    fn found(canary: &Canary, text: &[u8], encoding: Encoding) -> bool {
        canary.find_in(text, Path::new("text")).iter().any(|find| find.encoding == encoding)
    }

    #[test]
    fn a_canary_is_found_in_every_form() {
        let canary = Canary::new("here", &mut Random::new(7));
        for (encoding, form) in canary.forms() {
            let text = [b"before ", form.as_slice(), b" after"].concat();
            assert!(found(&canary, &text, encoding), "{encoding:?}");
        }
    }

    #[test]
    fn base64_is_found_at_every_alignment_and_whatever_stands_beside_it() {
        let canary = Canary::new("here", &mut Random::new(7));
        for (alignment, before) in (0_u8..).zip(["", "x", "xy"]) {
            let text = format!("{before}{}and more", canary.text);
            assert!(found(&canary, STANDARD_NO_PAD.encode(&text).as_bytes(), Encoding::Base64(alignment)));
            assert!(found(&canary, URL_SAFE_NO_PAD.encode(&text).as_bytes(), Encoding::Base64Url(alignment)));
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let canary = Canary::new("here", &mut Random::new(7));
        let other = Canary::new("there", &mut Random::new(8));
        assert_eq!(canary.find_in(other.text.as_bytes(), Path::new("text")), []);
    }

    #[test]
    fn file_names_and_files_in_folders_are_searched() {
        let folder = tempfile::tempdir().unwrap();
        let canary = Canary::plain("here", &mut Random::new(9));
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(folder.path().join("inner/one"), format!("..{}..", canary.text)).unwrap();
        fs::write(folder.path().join(&canary.text), "").unwrap();
        let finds = Canary::find_all_below(&[canary], folder.path()).unwrap();
        assert!(finds.iter().any(|find| find.found_in.ends_with("inner/one")));
        assert!(finds.iter().any(|find| !find.found_in.ends_with("inner/one")));
    }
}
