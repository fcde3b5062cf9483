//! Whether the time of a refusal tells what became of an API key (design/security.md A6): `cargo xtask timing`.
//!
//! Credentials of two classes are shown to an engine in the process, in random order, and the times of the two are
//! compared with Welch's t-test. In each comparison the store holds the owner's key and those of the classes, which
//! are all of one form: told apart must not be what became of a key. How many organisations it has, or how much
//! narrows it, is something that takes time.
//!
//! The first number given is how many samples each class has, the second how many keys.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement for the terminal, which ends when it cannot be made"
)]

mod classes;
mod sampling;

use std::path::Path;
use std::process::ExitCode;

use keyholt_testkit::{Comparison, Random, TestEngine, seed_setting};

use crate::classes::{COMPARISONS, Class, Keys};
use crate::sampling::{Samples, sample};

/// |t| from which on two classes are told apart, as for all tests of this kind.
const BAR: f64 = 4.5;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let samples = numbers.next().unwrap_or(100_000);
    let keys = numbers.next().unwrap_or(1_000);
    let seed = seed_setting("KEYHOLT_TIMING_SEED");
    println!(
        "The time in which a credential is refused, in the process: {samples} samples of each class in random order,\n\
         {keys} keys of each kind of refused ones, every unknown credential a new one. The first 5 % are dropped.\n\
         |t| is Welch's, of all samples and, cropped, the largest of those below one of dudect's 100 thresholds;\n\
         the share of samples below that one is beside it. The bar is {BAR}. Seed {seed}.\n\
         Each credential is shown twice. At first, which rows are in the processor's caches depends on which keys came\n\
         before: an unknown credential leads to a key by chance, and to some keys more often than to others, while\n\
         refused keys come all equally often. Again, right after that, everything is at hand for either class: what\n\
         differs then is the work itself.\n"
    );
    println!(
        "{:<7} {:<38} {:<6} {:>16} {:>16} {:>7} {:>8} {:>6}",
        "store", "classes", "shown", "mean ns", "median ns", "|t|", "cropped", "kept"
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut random = Random::new(seed);
    let mut told_apart = 0;
    for on_file in [false, true] {
        for classes in COMPARISONS {
            let samples = runtime.block_on(take(on_file, classes, keys, samples, &mut random));
            for (shown, times) in [("first", &samples.first), ("again", &samples.again)] {
                let compared = Comparison::of(times);
                print_row(on_file, classes, shown, &compared);
                told_apart += u32::from(compared.worst() >= BAR);
            }
        }
    }
    println!("\n{told_apart} of {} comparisons are at the bar or above it", 4 * COMPARISONS.len());
    if told_apart == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn take(on_file: bool, classes: [Class; 2], keys: usize, samples: usize, random: &mut Random) -> Samples {
    let folder = tempfile::Builder::new().prefix("keyholt-timing-").tempdir().expect("a folder");
    let test = engine(on_file.then(|| folder.path().join("data")).as_deref()).await;
    let keys = Keys::make(&test, &classes, keys).await;
    sample(&test, &keys, classes, samples, random).await
}

async fn engine(dir: Option<&Path>) -> TestEngine {
    match dir {
        Some(dir) => TestEngine::on_file(dir).await,
        None => TestEngine::in_memory().await,
    }
}

fn print_row(on_file: bool, [one, other]: [Class; 2], shown: &str, compared: &Comparison) {
    let [first, second] = compared.typical;
    println!(
        "{:<7} {:<38} {:<6} {:>16} {:>16} {:>7.2} {:>8.2} {:>6.3}{}",
        if on_file { "file" } else { "memory" },
        format!("{} / {}", one.name(), other.name()),
        shown,
        format!("{:.0} / {:.0}", first.mean, second.mean),
        format!("{:.0} / {:.0}", first.median, second.median),
        compared.raw,
        compared.cropped,
        compared.kept,
        if compared.worst() < BAR { "" } else { "  told apart" }
    );
}
