//! UUIDs of version 7 (RFC 9562 5.7): 48 bits of milliseconds, 74 bits that keep them apart.

use std::sync::{Mutex, PoisonError};

use keyholt_types::Timestamp;
use uuid::{Uuid, Variant};

use crate::random;

const TAIL_BITS: u32 = 74;
const TAIL: u128 = (1 << TAIL_BITS) - 1;
const MILLIS: u128 = (1 << 48) - 1;

/// Mints ids that strictly increase, whatever the clock does and however many threads ask.
///
/// An id of a new millisecond has a random tail. Within a millisecond, and when the clock steps back,
/// each id is a random step of up to 2^32 above the one before (RFC 9562 6.2, method 2): the next id
/// cannot be guessed, and a millisecond has room for 2^41 of them.
pub struct IdMinter(Mutex<State>);

struct State {
    /// The place of the last id.
    last: u128,
    random: Stock,
}

/// Random numbers in stock: one call for many ids costs a fortieth of one call for each. For ids only,
/// which everybody may see; keys get theirs fresh.
struct Stock {
    bytes: [u8; 1024],
    used: usize,
}

impl Stock {
    const EMPTY: Self = Self { bytes: [0; 1024], used: 1024 };

    fn take(&mut self) -> u128 {
        if self.used >= self.bytes.len() {
            // Without random numbers ids are still unique and in order, only easier to guess, and no key can
            // be made anyway.
            let _ = random::fill(&mut self.bytes);
            self.used = 0;
        }
        let taken = self.bytes.get(self.used..).and_then(|rest| rest.first_chunk());
        self.used += size_of::<u128>();
        taken.copied().map_or(0, u128::from_be_bytes)
    }
}

impl IdMinter {
    /// A minter whose ids are above this one, the highest in the store. An id that is not of version 7
    /// was not minted here and has no time to go on from: it is ignored.
    #[must_use]
    pub fn after(highest: Option<Uuid>) -> Self {
        // One beyond the year 9999 was not minted here either, and would leave no room above it.
        let minted = |id: &Uuid| {
            id.get_version_num() == 7
                && id.get_variant() == Variant::RFC4122
                && place_of(*id) >> TAIL_BITS <= millis_of(Timestamp::from_micros(i64::MAX))
        };
        Self(Mutex::new(State { last: highest.filter(minted).map_or(0, place_of), random: Stock::EMPTY }))
    }

    /// The next id.
    #[must_use]
    pub fn mint(&self, now: Timestamp) -> Uuid {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let random = state.random.take();
        // A new millisecond begins in the lower half, so that there is room above.
        let fresh = (millis_of(now) << TAIL_BITS) | ((random & TAIL) >> 1);
        state.last = if fresh >> TAIL_BITS > state.last >> TAIL_BITS {
            fresh
        } else {
            // A full millisecond runs over into the next one.
            state.last + 1 + (random & u128::from(u32::MAX))
        };
        uuid_at(state.last)
    }
}

/// The millisecond that is in an id of version 7.
#[must_use]
pub fn moment_of(id: Uuid) -> Timestamp {
    Timestamp::from_millis(i64::try_from(place_of(id) >> TAIL_BITS).unwrap_or(i64::MAX))
}

fn millis_of(moment: Timestamp) -> u128 {
    u128::try_from(moment.millis()).unwrap_or_default() & MILLIS
}

/// Puts the version (0111) and the variant (10) between the 122 bits that vary: 48, 12 and 62.
fn uuid_at(place: u128) -> Uuid {
    let (millis, upper, lower) = (place >> 74, (place >> 62) & 0xFFF, place & ((1 << 62) - 1));
    Uuid::from_u128((millis & MILLIS) << 80 | 0x7 << 76 | upper << 64 | 0b10 << 62 | lower)
}

/// The 122 bits that vary, in which ids compare as they do whole.
fn place_of(id: Uuid) -> u128 {
    let bits = id.as_u128();
    let (millis, upper, lower) = (bits >> 80, (bits >> 64) & 0xFFF, bits & ((1 << 62) - 1));
    millis << 74 | upper << 62 | lower
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_795_253_400_125;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn latest() -> Timestamp {
        Timestamp::from_micros(i64::MAX)
    }

    /// RFC 9562 4.1, 4.2.
    fn assert_is_version_7(id: Uuid) {
        let bytes = id.as_bytes();
        assert_eq!((bytes[6] >> 4, bytes[8] >> 6), (7, 0b10), "{id}");
    }

    proptest! {
        #[test]
        fn ids_increase_whatever_the_clock_does(
            highest: Option<u128>,
            moments in proptest::collection::vec(0..=latest().millis(), 1..200),
        ) {
            let highest = highest.map(|bits| uuid_at(bits >> 6));
            let minter = IdMinter::after(highest);
            let mut last = highest.filter(|id| moment_of(*id) < latest());
            for millis in moments {
                let id = minter.mint(at(millis));
                assert_is_version_7(id);
                prop_assert!(Some(id) > last);
                prop_assert!(moment_of(id) >= at(millis));
                last = Some(id);
            }
        }

        #[test]
        fn places_and_ids_have_the_same_order(one: u128, other: u128) {
            let (one, other) = (one >> 6, other >> 6);
            prop_assert_eq!(place_of(uuid_at(one)), one);
            prop_assert_eq!(one.cmp(&other), uuid_at(one).cmp(&uuid_at(other)));
        }
    }

    #[test]
    fn an_id_holds_its_millisecond() {
        let minter = IdMinter::after(None);
        for id in [minter.mint(at(NOW)), minter.mint(at(NOW + 1))] {
            assert_is_version_7(id);
            assert!(at(NOW) <= moment_of(id) && moment_of(id) <= at(NOW + 1));
        }
        assert_eq!(minter.mint(at(NOW + 2)).as_bytes()[..6], (NOW + 2).to_be_bytes()[2..]);
    }

    #[test]
    fn a_clock_that_steps_back_does_not_take_ids_back() {
        let minter = IdMinter::after(None);
        let (first, second) = (minter.mint(at(NOW)), minter.mint(at(NOW - 60_000)));
        assert!(second > first);
        assert_eq!(moment_of(second), at(NOW));
        assert_eq!(moment_of(minter.mint(at(NOW + 1))), at(NOW + 1));
    }

    #[test]
    fn ids_go_on_above_the_highest_minted_one_and_ignore_foreign_ones() {
        let highest = IdMinter::after(None).mint(at(NOW + 1000));
        let next = IdMinter::after(Some(highest)).mint(at(NOW));
        assert!(next > highest);
        let (random, far, another_variant) = (
            "ffffffff-ffff-4fff-bfff-ffffffffffff",
            "ffffffff-ffff-7fff-bfff-ffffffffffff",
            "01a1d9ed-c200-7fff-ffff-ffffffffffff",
        );
        for foreign in [random, far, another_variant, "00000000-0000-0000-0000-000000000000"] {
            let minter = IdMinter::after(Some(Uuid::try_parse(foreign).unwrap()));
            assert_eq!(moment_of(minter.mint(at(NOW))), at(NOW), "{foreign}");
        }
    }

    #[test]
    fn threads_get_different_ids_each_in_increasing_order() {
        let minter = IdMinter::after(None);
        let mut ids: Vec<Uuid> = std::thread::scope(|scope| {
            let mint = || (0..5000).map(|_| minter.mint(at(NOW))).collect::<Vec<_>>();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(mint)).collect();
            let lists = threads.into_iter().map(|thread| thread.join().unwrap());
            lists.inspect(|ids| assert!(ids.is_sorted_by(|one, next| one < next))).flatten().collect()
        });
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 40_000);
    }
}
