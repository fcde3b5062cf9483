//! What an acknowledged change survives.

/// What an acknowledged change survives (design/security.md A3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The crash of the one machine that holds it, but not its loss.
    LocalOnly,
    /// The loss of that machine too: another one has it before it is acknowledged.
    Replicated,
}

impl Durability {
    /// The shown word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::LocalOnly => "local-only",
            Self::Replicated => "replicated",
        }
    }
}
