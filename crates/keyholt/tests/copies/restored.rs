//! From a backup to a server.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use keyholt_testkit::StartError;

use crate::fixture::{bring_root_key, done, list, put, refused, reveal, setup, value_of};

#[test]
fn a_restored_store_serves_the_same_secrets_to_the_same_keys() {
    let (old, new) = (setup(), setup());
    let server = old.start().unwrap();
    let mut client = server.client();
    for name in ["A", "B", "C"] {
        put(&mut client, name, "sk-never-the-first-value");
        put(&mut client, name, &value_of(name));
    }
    let there = list(&mut client);
    let file = new.folder().join("monday.db");
    let file = file.to_str().unwrap();
    let report = done(&old, &["backup", file]);
    assert_eq!(report["finished"], true, "{report}");
    assert_eq!(report["differences"], 0);
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o7777, 0o600);
    let bytes = fs::read(file).unwrap();
    for hidden in ["sk-never", keyholt_testkit::Setup::KEY] {
        assert!(!bytes.windows(hidden.len()).any(|window| window == hidden.as_bytes()), "{hidden}");
    }
    bring_root_key(&old, &new);
    let report = done(&new, &["restore", file]);
    assert_eq!((&report["finished"], &report["differences"]), (&true.into(), &0.into()), "{report}");
    let restored = new.start().unwrap();
    assert_eq!(list(&mut restored.client()), there);
    for name in ["A", "B", "C"] {
        assert_eq!(reveal(&new, &restored, name), value_of(name));
    }
    // It is a store like any other: written to, and its audit log goes on.
    put(&mut restored.client(), "D", &value_of("D"));
    let verdict = new.run_against(Some(&restored), &["audit", "verify"], b"").unwrap();
    assert!(verdict.success(), "{verdict:?}");
    assert!(restored.stop().unwrap().success());
    let said = refused(&new, &["restore", file], 1);
    assert!(said.contains("holds an installation already"), "{said}");
    assert_eq!(list(&mut new.start().unwrap().client()).len(), 4);
}

#[test]
fn what_people_read_says_what_was_done_and_what_to_keep() {
    let old = setup();
    put(&mut old.start().unwrap().client(), "A", &value_of("A"));
    let finished = old.run(&["backup", "keyholt.db"], b"").unwrap();
    assert!(finished.success() && finished.stderr.is_empty(), "{finished:?}");
    assert!(finished.stdout.starts_with("TABLE") && finished.stdout.contains("0 differences"), "{finished:?}");
    assert!(finished.stdout.contains("holds no root key"), "{finished:?}");
    assert!(!finished.stdout.contains('\u{1b}'), "{finished:?}");
}

#[test]
fn with_another_root_key_nothing_is_restored() {
    let (old, new) = (setup(), setup());
    put(&mut old.start().unwrap().client(), "A", &value_of("A"));
    let file = old.folder().join("keyholt.db");
    done(&old, &["backup", file.to_str().unwrap()]);
    let third = setup();
    assert!(third.start().unwrap().stop().unwrap().success());
    bring_root_key(&third, &new);
    let said = refused(&new, &["restore", file.to_str().unwrap()], 1);
    assert!(said.contains("nothing was restored"), "{said}");
    assert!(!new.data_dir().exists());
    // Without one it is restored, and does not start until the right one is there.
    fs::remove_file(new.folder().join("data.root-key")).unwrap();
    done(&new, &["restore", file.to_str().unwrap()]);
    let Err(StartError::Ended(ended)) = new.start() else { panic!("it starts without its root key") };
    assert!(ended.stderr.contains("does not exist"), "{ended:?}");
    assert!(!new.folder().join("data.root-key").exists());
    bring_root_key(&third, &new);
    let Err(StartError::Ended(ended)) = new.start() else { panic!("it starts with another root key") };
    assert!(ended.stderr.contains("is not the one that this store was made with"), "{ended:?}");
    bring_root_key(&old, &new);
    assert_eq!(list(&mut new.start().unwrap().client()).len(), 1);
}

#[test]
fn a_backup_replaces_nothing_unless_it_is_told_to() {
    let old = setup();
    put(&mut old.start().unwrap().client(), "A", &value_of("A"));
    let file = old.folder().join("keyholt.db");
    fs::write(&file, "precious").unwrap();
    let said = refused(&old, &["backup", "keyholt.db"], 1);
    assert!(said.contains("--force"), "{said}");
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    done(&old, &["backup", "keyholt.db", "--force"]);
    assert!(fs::read(&file).unwrap().starts_with(b"SQLite format 3"));
}

#[test]
fn there_is_no_backup_of_nothing() {
    let old = setup();
    let said = refused(&old, &["backup", "keyholt.db"], 1);
    assert!(said.contains("there is no installation"), "{said}");
    assert_eq!(fs::read_dir(old.folder()).unwrap().count(), 0);
}

#[test]
fn a_directory_with_other_things_in_it_is_not_restored_into() {
    let (old, new) = (setup(), setup());
    put(&mut old.start().unwrap().client(), "A", &value_of("A"));
    let file = old.folder().join("keyholt.db");
    let file = file.to_str().unwrap();
    done(&old, &["backup", file]);
    let dir = new.data_dir();
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("notes.txt"), "").unwrap();
    let said = refused(&new, &["restore", file], 1);
    assert!(said.contains("notes.txt lies there") && said.contains("give an empty directory"), "{said}");
    let to = format!("sqlite:{}", dir.display());
    let from = format!("sqlite:{}", old.data_dir().display());
    let said = refused(&new, &["migrate-store", "--from", &from, "--to", &to], 1);
    assert!(said.contains("keyholt: --to: ") && said.contains("notes.txt lies there"), "{said}");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "nothing was made");
    fs::remove_file(dir.join("notes.txt")).unwrap();
    done(&new, &["restore", file]);
}
