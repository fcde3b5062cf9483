//! A backup is the store as it was at one moment, whatever is written meanwhile (design/security.md A11).

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use keyholt_testkit::{Client, number_setting};
use serde_json::Value;

use crate::fixture::{bring_root_key, done, list, put, reveal, setup};

const WRITERS: usize = 4;

/// What a writer has been told: it writes a number into its first secret, then into its second one, and so on.
#[derive(Default)]
struct Told {
    /// The number that it began to write.
    begun: AtomicU64,
    /// The last one that was acknowledged in both.
    acknowledged: AtomicU64,
}

fn name(writer: usize, secret: char) -> String {
    format!("w{writer}{secret}")
}

fn value(number: u64) -> String {
    format!("sk-never-in-the-clear-{number:012}")
}

fn write(mut client: Client, writer: usize, told: &Told, is_over: &AtomicBool, ready: &Barrier) {
    for number in 1.. {
        told.begun.store(number, Ordering::SeqCst);
        for secret in ['a', 'b'] {
            put(&mut client, &name(writer, secret), &value(number));
        }
        told.acknowledged.store(number, Ordering::SeqCst);
        if number == 1 {
            ready.wait();
        }
        if is_over.load(Ordering::SeqCst) {
            return;
        }
    }
}

/// The number in a secret, by the end of its value.
fn number_in(secrets: &[Value], name: &str) -> u64 {
    let secret = secrets.iter().find(|secret| secret["name"] == name).unwrap();
    let shown = secret["preview_secret"].as_str().unwrap();
    shown.trim_start_matches('*').parse().unwrap()
}

#[test]
fn a_backup_under_load_is_what_was_there_at_its_moment() {
    let old = setup();
    let server = old.start().unwrap();
    let told: Vec<Told> = (0..WRITERS).map(|_| Told::default()).collect();
    let (is_over, ready) = (AtomicBool::new(false), Barrier::new(WRITERS + 1));
    thread::scope(|scope| {
        for (writer, told) in told.iter().enumerate() {
            let (client, is_over, ready) = (server.client(), &is_over, &ready);
            scope.spawn(move || write(client, writer, told, is_over, ready));
        }
        ready.wait();
        let rounds = number_setting("KEYHOLT_BACKUP_ROUNDS", 3);
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..rounds {
                let new = setup();
                let file = new.folder().join("keyholt.db");
                let file = file.to_str().unwrap();
                let before: Vec<u64> =
                    told.iter().map(|told| told.acknowledged.load(Ordering::SeqCst)).collect();
                let report = done(&old, &["backup", file]);
                let after: Vec<u64> = told.iter().map(|told| told.begun.load(Ordering::SeqCst)).collect();
                assert_eq!((&report["finished"], &report["differences"]), (&true.into(), &0.into()));
                bring_root_key(&old, &new);
                let verdict = done(&new, &["verify", "--backup", file]);
                assert_eq!((&verdict["ok"], &verdict["secrets"]), (&true.into(), &8.into()), "{verdict}");
                done(&new, &["restore", file]);
                let restored = new.start().unwrap();
                let there = list(&mut restored.client());
                for writer in 0..WRITERS {
                    let [a, b] = ['a', 'b'].map(|secret| number_in(&there, &name(writer, secret)));
                    assert!(a == b || a == b + 1, "of two moments: {a} and {b}");
                    assert!(b >= before[writer] % 10_000, "lost: {b}, acknowledged {}", before[writer]);
                    assert!(a <= after[writer] % 10_000, "from the future: {a}, begun {}", after[writer]);
                }
                let first = number_in(&there, &name(0, 'a'));
                assert_eq!(reveal(&new, &restored, &name(0, 'a')), value(first));
            }
        }));
        is_over.store(true, Ordering::SeqCst);
        checked.unwrap();
    });
    for told in &told {
        assert!(told.acknowledged.load(Ordering::SeqCst) > 1, "the load was none");
    }
    assert_eq!(done(&old, &["verify"])["ok"], true);
}
