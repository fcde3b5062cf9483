//! One harm to one file.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use crate::Random;

/// SQLite's page, and a disk's sector.
const PAGE: usize = 4096;
const SECTOR: usize = 512;

/// What is done to a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    /// One bit is another.
    Flip,
    /// Up to 64 bytes are any others.
    Noise,
    /// From a sector on, a page is another page's.
    Torn,
    /// A page is all zeros.
    Zeroed,
    /// The file ends early.
    Cut,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [Self::Flip, Self::Noise, Self::Torn, Self::Zeroed, Self::Cut];
}

/// Which file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Place {
    /// The database.
    Database,
    /// Its log.
    Log,
}

impl Place {
    const fn name(self) -> &'static str {
        match self {
            Self::Database => "keyholt.db",
            Self::Log => "keyholt.db-wal",
        }
    }
}

/// A harm, as a seed chose it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Harm {
    /// What.
    pub(super) kind: Kind,
    /// Where.
    pub(super) place: Place,
    /// From which byte on.
    offset: usize,
    /// Chooses the rest.
    detail: u64,
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {} at byte {}", self.kind, self.place.name(), self.offset)
    }
}

impl Harm {
    /// Harms a file of this data directory.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(super) fn inflict(dir: &Path, random: &mut Random) -> io::Result<Self> {
        let kind = *random.pick(&Kind::ALL).unwrap_or(&Kind::Flip);
        let place = if random.below(3) == 0 { Place::Log } else { Place::Database };
        let path = dir.join(place.name());
        let mut bytes = fs::read(&path)?;
        let offset = usize::try_from(random.below(bytes.len() as u64)).unwrap_or_default();
        let harm = Self { kind, place, offset, detail: random.next_u64() };
        harm.apply(&mut bytes);
        fs::write(&path, bytes)?;
        Ok(harm)
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        let mut random = Random::new(self.detail);
        let page = self.offset / PAGE * PAGE;
        match self.kind {
            Kind::Flip => {
                if let Some(byte) = bytes.get_mut(self.offset) {
                    *byte ^= 1 << random.below(8);
                }
            }
            Kind::Noise => {
                let length = usize::try_from(random.below(64)).unwrap_or_default() + 1;
                for byte in bytes.iter_mut().skip(self.offset).take(length) {
                    *byte = random.next_u64().to_le_bytes()[0];
                }
            }
            Kind::Torn => {
                let sector = (usize::try_from(random.below(7)).unwrap_or_default() + 1) * SECTOR;
                let pages = (bytes.len() / PAGE) as u64;
                let other = usize::try_from(random.below(pages)).unwrap_or_default() * PAGE;
                let tail: Vec<u8> = bytes.iter().skip(other + sector).take(PAGE - sector).copied().collect();
                for (byte, new) in bytes.iter_mut().skip(page + sector).zip(tail) {
                    *byte = new;
                }
            }
            Kind::Zeroed => bytes.iter_mut().skip(page).take(PAGE).for_each(|byte| *byte = 0),
            Kind::Cut => bytes.truncate(self.offset),
        }
    }
}
