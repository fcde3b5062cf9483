//! What a cut leaves of what was not synced.

use crate::Random;

/// What becomes of changes that are not synced, of one cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// None arrives.
    Lost,
    /// All arrive.
    Kept,
    /// Those up to some point of each file arrive; the one at that point is torn.
    Prefix,
    /// Each of them arrives, is lost, or is torn, whatever became of those before it: they are reordered.
    Mixed,
}

impl Fate {
    /// One of them; that it is mixed is the likeliest.
    pub(super) fn draw(random: &mut Random) -> Self {
        match random.below(10) {
            0 | 1 => Self::Lost,
            2 => Self::Kept,
            3 | 4 => Self::Prefix,
            _ => Self::Mixed,
        }
    }
}
