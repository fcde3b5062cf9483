//! Many copies, several at a time.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::examine::examine;
use super::figures::DamageFigures;
use super::original::Original;
use crate::Random;

/// How many copies are harmed, of what.
#[derive(Clone, Debug)]
pub struct DamageOptions {
    /// The server's program.
    pub program: PathBuf,
    /// How many copies.
    pub copies: u64,
    /// How many at a time.
    pub threads: usize,
    /// Repeats the harms.
    pub seed: u64,
    /// Goes on after a wrong answer, to count them; they are told all the same.
    pub to_the_end: bool,
}

/// Harms copies of a filled store and examines them; tells `progress` after each how many there were.
///
/// # Errors
/// In words, with the number of the copy, the seed and the harm, when an answer is wrong or a server hangs or crashes.
pub fn damage(options: &DamageOptions, progress: impl Fn(u64) + Sync) -> Result<DamageFigures, String> {
    let original = Original::fill(&options.program, &mut Random::new(options.seed))?;
    let all = Mutex::new((DamageFigures::default(), Vec::new()));
    let next = AtomicU64::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= options.copies {
                return;
            }
            let examined = examine(&original, &options.program, seed_of(options.seed, number));
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            match examined {
                Ok(figures) => all.0.add(&figures),
                Err(problem) => {
                    all.1.push(format!("copy {number} of KEYHOLT_SEED={}: {problem}", options.seed));
                    if !options.to_the_end {
                        next.store(options.copies, Ordering::SeqCst);
                    }
                }
            }
            progress(all.0.copies);
        }
    };
    thread::scope(|scope| {
        for _ in 0..options.threads {
            scope.spawn(work);
        }
    });
    let (figures, problems) = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    if problems.is_empty() {
        return Ok(figures);
    }
    Err(format!("{}\n{} wrong of {}\n{}", problems.join("\n"), problems.len(), options.copies, figures.text()))
}

/// Each copy's own, whichever thread takes it.
fn seed_of(seed: u64, number: u64) -> u64 {
    Random::new(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15)).next_u64()
}
