//! No space is left: writes are refused for now, reads go on, nothing that was acknowledged is lost, and once there is
//! space again writes are done again (design/security.md A1, A8).

use keyholt_testkit::{Client, Deadline, Server, Setup};

use crate::files::{SmallDisk, limit_files, put_large, setup};
use crate::setting::{PATIENCE, assert_audit_log_is_whole, assert_unavailable, names};

/// More writes than what is left has space for.
const OFTEN: usize = 400;

/// Writes until it is refused, which must come; then gives the names that were acknowledged.
#[track_caller]
fn write_until_refused(client: &mut Client) -> Vec<String> {
    let mut written = Vec::new();
    for number in 0..OFTEN {
        let name = format!("full-{number:04}");
        let answer = put_large(client, &name);
        if answer.status != 200 {
            assert_unavailable(&answer);
            return written;
        }
        written.push(name);
    }
    panic!("{OFTEN} writes, and none was refused");
}

/// What holds as long as there is no space, and after there is again.
#[track_caller]
fn assert_holds(setup: &Setup, mut server: Server, written: &[String], give_space: impl FnOnce(&Server)) {
    let mut client = server.client();
    let before = names(&mut client);
    assert_eq!(before, written, "all that was acknowledged, and nothing else");
    assert_unavailable(&put_large(&mut client, "one-more"));
    assert_eq!(names(&mut client), before, "reads go on");
    let id = client.send("GET", "/v1/ai_secret?limit=1", None).unwrap().string("/objects/0/id");
    // An event takes less space than a value; there is none left for it either at last.
    let mut reveals = (0..OFTEN).map(|_| {
        let target = format!("/keyholt/v1/secrets/{id}/reveal");
        client.send("POST", &target, Some(b"{}")).unwrap()
    });
    let refused = reveals.find(|answer| answer.status != 200).expect("a value is refused");
    assert_unavailable(&refused);
    assert!(!refused.text().contains("full-"), "no value is given that is not written down");
    drop(reveals);
    assert!(server.is_running());
    give_space(&server);
    let again = || (put_large(&mut client, "one-more").status == 200).then_some(());
    Deadline::after(PATIENCE).poll(again).expect("writes are done again");
    let revealed = client.send("POST", &format!("/keyholt/v1/secrets/{id}/reveal"), Some(b"{}")).unwrap();
    assert_eq!(revealed.status, 200, "{}", revealed.text());
    assert_audit_log_is_whole(setup, &server);
    assert!(server.stop().unwrap().success());
    let server = setup.start().unwrap();
    let mut all = written.to_vec();
    all.push("one-more".to_owned());
    assert_eq!(names(&mut server.client()), all);
    assert_audit_log_is_whole(setup, &server);
}

#[test]
fn a_limit_on_the_size_of_files_refuses_writes_and_nothing_else() {
    let setup = setup();
    let server = setup.start().unwrap();
    limit_files(&setup, &server, "2000000");
    let written = write_until_refused(&mut server.client());
    assert!(!written.is_empty());
    assert_holds(&setup, server, &written, |server| limit_files(&setup, server, "unlimited"));
}

#[test]
fn a_full_disk_refuses_writes_and_nothing_else() {
    let setup = setup();
    let Some(disk) = SmallDisk::mount(&setup) else { return };
    let server = setup.start().unwrap();
    disk.fill(2_000_000);
    let written = write_until_refused(&mut server.client());
    assert!(!written.is_empty());
    assert_holds(&setup, server, &written, |_| disk.empty());
}

#[test]
fn a_full_disk_is_no_reason_to_lose_anything_at_a_start() {
    let setup = setup();
    let Some(disk) = SmallDisk::mount(&setup) else { return };
    let server = setup.start().unwrap();
    assert_eq!(put_large(&mut server.client(), "first").status, 200);
    server.kill().unwrap();
    disk.fill(0);
    // Either it is refused with a reason, or what was acknowledged is served.
    match setup.start() {
        Ok(server) => assert_eq!(names(&mut server.client()), ["first"]),
        Err(keyholt_testkit::StartError::Ended(ended)) => {
            assert_eq!(ended.status.code(), Some(1), "{ended:?}");
            let last = ended.stderr.lines().last().unwrap_or_default();
            assert!(last.starts_with("keyholt: ") && !last.contains("damaged"), "{ended:?}");
        }
        Err(other) => panic!("{other:?}"),
    }
    disk.empty();
    assert_eq!(names(&mut setup.start().unwrap().client()), ["first"]);
}
