//! What can go wrong. No error holds a key, a plaintext or a part of one.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why something sealed does not open.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum OpenError {
    /// It was sealed under another key, or the part of it that says so was changed.
    #[error("sealed under another key")]
    WrongKey,
    /// It was changed, cut off, or moved here from another place.
    #[error("damaged or moved from another place")]
    Damaged,
    /// Its format or suite is not one that this version reads.
    #[error("of an unknown format")]
    UnknownFormat,
}

/// Why something could not be sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum SealError {
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    NoRandomNumbers,
    /// The cryptographic library refused.
    #[error("the cryptographic library refused to seal")]
    Refused,
    /// The columns name another organisation or another generation than the key's.
    #[error("the record belongs to another key")]
    OtherKey,
}

/// What is wrong with a root key. Displays as one line that says what to do.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RootKeyError {
    /// There is no such file.
    #[error("root key file {} does not exist: put the root key of this store back there", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Others may read or write the file.
    #[error(
        "root key file {path} has mode {mode:04o}, so others than its owner have access: run `chmod 600 {path}`",
        path = path.display()
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a root key's text, or was mistyped.
    #[error(
        "the root key from {origin} is malformed: it must be `khroot1_` and 49 more characters, as it was made"
    )]
    Malformed {
        /// Where it came from.
        origin: String,
    },
    /// The file could not be read or written.
    #[error("root key file {} cannot be used: {kind}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// It is a root key, but not this store's.
    #[error("the root key from {origin} is not the one that this store was made with: use that one")]
    WrongKey {
        /// Where it came from.
        origin: String,
    },
    /// What it wrapped was changed, or belongs to another store.
    #[error(
        "what the root key from {origin} has wrapped is damaged or of another store: restore the store from a backup"
    )]
    Damaged {
        /// Where the root key came from.
        origin: String,
    },
    /// A new root key must not replace a file.
    #[error("root key file {} exists already: a new root key would make its store unreadable", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It could not be made or could not wrap.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Why a keyring could not be made or opened.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum KeyringError {
    /// The root key is at fault.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    /// A key could not be made.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The store holds no ring key.
    #[error("the store holds no ring key: restore the store from a backup")]
    NoRingKey,
    /// What was unwrapped is not a key.
    #[error("ring key {generation} is not a key: restore the store from a backup")]
    NotAKey {
        /// The ring key's generation.
        generation: i64,
    },
    /// The ring keys do not open the store's check value.
    #[error("the ring keys do not belong to this store ({0}): restore the store from a backup")]
    Check(OpenError),
}
