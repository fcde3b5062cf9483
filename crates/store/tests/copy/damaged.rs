//! What is damaged is said once, with what to do in the place where it was met.

use std::fs;
use std::path::Path;

use keyholt_store::{CopyError, CopySource, CopyTarget, OpenError, Store, copy};

use crate::fixture::{make_installation, run};

/// Overwrites the second half of a file, where rows are.
fn damage(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let half = bytes.len() / 2;
    bytes.get_mut(half..).unwrap().fill(0xa5);
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_damaged_backup_is_not_to_be_restored_from_a_backup() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keyholt.db");
    fs::write(&file, "no database at all, but long enough to be looked at").unwrap();
    let as_source = CopySource::open_file(&file).err().unwrap().to_string();
    let as_store = Store::open_file_for_reading(&file).err().unwrap().to_string();
    assert_eq!(as_source, as_store);
    assert!(
        as_store.ends_with("use another backup") && as_store.matches("not a database").count() == 1,
        "{as_store}"
    );
    let as_directory = Store::open_directory_for_reading(dir.path()).err().unwrap().to_string();
    assert!(as_directory.ends_with("restore it from a backup"), "{as_directory}");
}

#[test]
fn damage_in_the_middle_is_said_with_the_file_and_what_to_do() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_installation(from.path(), 1);
    let file = from.path().join("keyholt.db");
    damage(&file);
    let source = CopySource::open_file(&file).unwrap();
    let refused = run(copy(&source, CopyTarget::open_directory(to.path()).unwrap(), &mut |_| {})).unwrap_err();
    assert!(matches!(&refused, CopyError::Damaged { path, .. } if *path == file), "{refused}");
    assert!(refused.to_string().contains("use a backup that `keyholt verify` finds whole"), "{refused}");
}

#[test]
fn a_target_that_holds_something_else_is_not_to_be_restored_either() {
    let to = tempfile::tempdir().unwrap();
    let file = to.path().join("keyholt.db");
    fs::write(&file, "no database at all, but long enough to be looked at").unwrap();
    let refused = CopyTarget::open_directory(to.path()).err().unwrap();
    assert!(matches!(refused, CopyError::TargetDamaged { .. }), "{refused}");
    assert!(refused.to_string().ends_with("give an empty directory"), "{refused}");
    assert!(fs::read(&file).unwrap().starts_with(b"no database at all"));
}

#[test]
fn a_file_that_cannot_be_opened_is_not_called_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let refused = Store::open_directory_for_reading(dir.path()).err().unwrap();
    assert!(matches!(refused, OpenError::Unusable { .. }), "{refused}");
}
