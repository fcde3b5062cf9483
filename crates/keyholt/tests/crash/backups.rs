//! Backups under load. `cargo xtask backups` takes a hundred.

use keyholt_testkit::backups::{BackupOptions, backups};
use keyholt_testkit::seed_setting;

#[test]
fn a_restored_backup_is_the_store_of_one_moment_by_its_own_audit_log() {
    let program = env!("CARGO_BIN_EXE_keyholt").into();
    let options = BackupOptions { program, count: 5, workers: 8, seed: seed_setting("KEYHOLT_SEED") };
    println!("KEYHOLT_SEED={}", options.seed);
    let figures = backups(&options, |_| ()).unwrap_or_else(|problem| panic!("{problem}"));
    println!("{}", figures.text());
    assert!(figures.acknowledged > 0 && figures.rows > 0, "the load was none");
}
