//! Kills under load. `cargo xtask crash` does the same a thousand times.

use keyholt_testkit::crash::{CrashOptions, crash};
use keyholt_testkit::{number_setting, seed_setting};

#[test]
fn an_acknowledged_write_survives_kill_9_at_any_moment() {
    let options = CrashOptions {
        program: env!("CARGO_BIN_EXE_keyholt").into(),
        // With those that hit the start, about 50.
        kills: number_setting("KEYHOLT_CRASH_ROUNDS", 42),
        workers: 8,
        seed: seed_setting("KEYHOLT_SEED"),
    };
    println!("KEYHOLT_CRASH_ROUNDS={} KEYHOLT_SEED={}", options.kills, options.seed);
    let figures = crash(&options, |_| ()).unwrap_or_else(|problem| panic!("{problem}"));
    println!("{}", figures.text());
    assert!(figures.share_in_flight() >= 90, "too few kills meet a write");
}
