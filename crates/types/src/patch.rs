//! What a partial update says of one field.

/// What an update says of a field that may be empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Patch<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Empty it.
    Clear,
    /// Make it this.
    Set(T),
}

impl<T> Patch<T> {
    /// An update that keeps what is not given.
    #[must_use]
    pub fn keep_or_set(given: Option<T>) -> Self {
        given.map_or(Self::Keep, Self::Set)
    }

    /// A replacement that empties what is not given.
    #[must_use]
    pub fn clear_or_set(given: Option<T>) -> Self {
        given.map_or(Self::Clear, Self::Set)
    }

    /// The same of another type.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(change(value)),
        }
    }

    /// The same by reference.
    #[must_use]
    pub const fn as_ref(&self) -> Patch<&T> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(value),
        }
    }

    /// The field after the update.
    #[must_use]
    pub fn apply(self, present: Option<T>) -> Option<T> {
        match self {
            Self::Keep => present,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}
