//! What a server does that nobody asks for anything.

use std::thread::sleep;
use std::time::Duration;

use keyholt_testkit::times_slept;

use crate::refused::setup;

#[test]
#[expect(clippy::disallowed_methods, reason = "nothing is to happen, for a while")]
fn a_server_that_nobody_asks_sleeps() {
    let setup = setup();
    let server = setup.start().unwrap();
    // Not only before the first request, and not only after an answer.
    let _idle = server.client();
    for answered in 0..3 {
        if answered > 0 {
            assert_eq!(server.anonymous().send("GET", "/healthz", None).unwrap().status, 200);
        }
        sleep(Duration::from_millis(500));
        let before = times_slept(server.pid()).unwrap();
        sleep(Duration::from_secs(1));
        let times = times_slept(server.pid()).unwrap() - before;
        // Few of its tasks look after something each second; each wakes two threads or three.
        assert!(times <= 100, "{times} times in a second, after {answered} answers");
    }
    server.stop().unwrap();
}
