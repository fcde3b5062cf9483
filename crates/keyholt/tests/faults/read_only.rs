//! A disk that nothing can be written to: nothing is promised there.

use keyholt_testkit::StartError;

use crate::files::{SmallDisk, put_large, setup};
use crate::setting::names;

#[test]
fn a_directory_that_cannot_be_written_is_refused_in_one_line_and_left_as_it_is() {
    let setup = setup();
    let Some(disk) = SmallDisk::mount(&setup) else { return };
    for kills in [false, true] {
        let server = setup.start().unwrap();
        assert_eq!(put_large(&mut server.client(), "first").status, 200);
        // What is left after a kill is in the log, which a start would have to read in.
        if kills {
            server.kill().unwrap()
        } else {
            server.stop().unwrap()
        };
        disk.make_read_only();
        let Err(StartError::Ended(ended)) = setup.start() else { panic!("it serves what it cannot write") };
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        let last = ended.stderr.lines().last().unwrap();
        assert!(last.starts_with("keyholt: ") && last.contains("Read-only file system"), "{ended:?}");
        disk.make_writable();
        assert_eq!(names(&mut setup.start().unwrap().client()), ["first"]);
    }
}
