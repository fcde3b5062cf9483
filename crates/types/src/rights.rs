//! What a caller may do in an organisation.

use std::fmt;

/// One of the five rights of an organisation (design/product.md, Rights).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    /// Everything but values.
    Read,
    /// Create, change and delete secrets.
    Write,
    /// Have a value sent to its provider without seeing it.
    Use,
    /// Be given a value.
    Reveal,
    /// Principals, API keys, audit, keys.
    Admin,
}

impl Right {
    /// All rights, in the order in which they are written.
    pub const ALL: [Self; 5] = [Self::Read, Self::Write, Self::Use, Self::Reveal, Self::Admin];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Use => "use",
            Self::Reveal => "reveal",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Write => 2,
            Self::Use => 4,
            Self::Reveal => 8,
            Self::Admin => 16,
        }
    }
}

/// A set of rights.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights(u8);

impl Rights {
    /// No right at all.
    pub const NONE: Self = Self(0);

    /// Just these.
    #[must_use]
    pub fn of(rights: &[Right]) -> Self {
        Self(rights.iter().fold(0, |bits, right| bits | right.bit()))
    }

    /// From the stored form; `None` for bits that stand for nothing.
    #[must_use]
    pub fn from_bits(bits: i64) -> Option<Self> {
        u8::try_from(bits).ok().filter(|bits| *bits < 32).map(Self)
    }

    /// The stored form.
    #[must_use]
    pub const fn bits(self) -> i64 {
        self.0 as i64
    }

    /// Whether this right is among them.
    #[must_use]
    pub const fn has(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// Those that are among both.
    #[must_use]
    pub const fn both(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Whether every one of these is among the others: nobody grants more than they have.
    #[must_use]
    pub const fn is_within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// The words for them, in order.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        Right::ALL.into_iter().filter(|right| self.has(*right)).map(Right::word).collect()
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.words()).finish()
    }
}

/// A bundle of rights with a name (design/product.md, Rights).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// All rights.
    Owner,
    /// Read, write and use.
    Engineer,
    /// Read.
    Viewer,
    /// Use.
    App,
    /// Use and reveal.
    Resolver,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Engineer, Self::Viewer, Self::App, Self::Resolver];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Engineer => "engineer",
            Self::Viewer => "viewer",
            Self::App => "app",
            Self::Resolver => "resolver",
        }
    }

    /// Reads the word for it.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// What it bundles.
    #[must_use]
    pub fn rights(self) -> Rights {
        match self {
            Self::Owner => Rights::of(&Right::ALL),
            Self::Engineer => Rights::of(&[Right::Read, Right::Write, Right::Use]),
            Self::Viewer => Rights::of(&[Right::Read]),
            Self::App => Rights::of(&[Right::Use]),
            Self::Resolver => Rights::of(&[Right::Use, Right::Reveal]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn using_is_not_revealing() {
        assert!(Role::App.rights().has(Right::Use) && !Role::App.rights().has(Right::Reveal));
        assert!(!Role::Engineer.rights().has(Right::Reveal));
        assert!(Role::App.rights().is_within(Role::Owner.rights()));
        assert!(!Role::Owner.rights().is_within(Role::Engineer.rights()));
    }

    #[test]
    fn rights_and_roles_come_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.word()), Some(role));
            assert_eq!(Rights::from_bits(role.rights().bits()), Some(role.rights()));
        }
        assert_eq!(Rights::from_bits(32), None);
        assert_eq!(Rights::from_bits(-1), None);
    }
}
