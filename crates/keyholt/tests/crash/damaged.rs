//! Damaged files. `cargo xtask damage` does the same with a thousand copies.

use keyholt_testkit::damage::{DamageOptions, damage};
use keyholt_testkit::{number_setting, seed_setting};

#[test]
fn a_damaged_store_is_refused_or_says_what_is_damaged_or_answers_right() {
    let options = DamageOptions {
        program: env!("CARGO_BIN_EXE_keyholt").into(),
        copies: number_setting("KEYHOLT_DAMAGED_COPIES", 40),
        threads: 2,
        seed: seed_setting("KEYHOLT_SEED"),
        to_the_end: false,
    };
    println!("KEYHOLT_DAMAGED_COPIES={} KEYHOLT_SEED={}", options.copies, options.seed);
    let figures = damage(&options, |_| ()).unwrap_or_else(|problem| panic!("{problem}"));
    println!("{}", figures.text());
}
