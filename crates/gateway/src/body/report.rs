//! How a body ends.

/// Why a body broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The upstream's connection ended or failed before the body was complete.
    #[error("the upstream's answer broke off")]
    Broken,
    /// Nothing came for too long.
    #[error("the upstream fell silent")]
    Idle,
    /// The time for the request as a whole is over.
    #[error("the upstream's answer took too long")]
    TooLong,
}

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyEnd {
    /// As the upstream ended it.
    Complete,
    /// The caller's connection was broken off for it.
    Failed(BodyError),
    /// The caller was gone first.
    Dropped,
}

/// What became of a body; told once, when it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyReport {
    /// Bytes that came from the upstream.
    pub bytes: u64,
    /// Places at which a credential was taken out.
    pub redacted: u64,
    /// How it ended.
    pub end: BodyEnd,
}
