//! An acknowledged write is on the disk, not only with the operating system.

use std::fs;

use keyholt_testkit::{Setup, in_continuous_integration, program_exists};
use serde_json::json;

const WRITES: usize = 50;

#[test]
fn every_acknowledged_write_is_synced() {
    if !program_exists("strace") {
        assert!(!in_continuous_integration(), "strace is needed here");
        println!("skipped: there is no strace");
        return;
    }
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    let trace = setup.folder().join("trace");
    let trace = trace.to_str().unwrap();
    let setup = setup.wrapper(&["strace", "-D", "-f", "-e", "trace=fsync,fdatasync", "-o", trace]);
    // The first start makes the store. The second one shows what starting and ending costs.
    syncs_with_writes(&setup, trace, 0);
    let without = syncs_with_writes(&setup, trace, 0);
    let with = syncs_with_writes(&setup, trace, WRITES);
    println!("{WRITES} sequential writes: {} syncs, {without} for starting and ending", with - without);
    assert!(with >= without + WRITES, "{with} syncs with {WRITES} writes, {without} without any");
}

fn syncs_with_writes(setup: &Setup, trace: &str, writes: usize) -> usize {
    let server = setup.start().unwrap();
    let mut client = server.client();
    for number in 0..writes {
        let body = json!({ "name": format!("synced-{number}"), "secret": "a value" });
        assert_eq!(client.json("POST", "/v1/ai_secret", &body).unwrap().status, 200);
    }
    server.stop().unwrap();
    let text = fs::read_to_string(trace).unwrap();
    // A call that another thread's interrupts has two lines; its end tells. The log is synced without its times.
    text.lines().filter(|line| line.contains("fdatasync") && line.ends_with("= 0")).count()
}
