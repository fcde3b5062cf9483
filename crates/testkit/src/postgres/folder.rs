//! A folder of a server that goes, with everything that runs in it, however the test ends.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::programs::Programs;

/// Waits for the end of the test process, which closes the pipe, also when it is killed; then kills what works in the
/// data directory, where each process of a PostgreSQL server is, frozen or not, and removes the folder. The signals that
/// end a test run are not for this process: it still has to tidy up.
const GUARD: &str = r#"
trap '' HUP INT TERM
read -r _
found=1
while [ $found = 1 ]; do
  found=0
  for process in /proc/[0-9]*; do
    [ "$process/cwd" -ef "$0/data" ] && kill -KILL "${process#/proc/}" && found=1
  done
done
rm -rf "$0"
"#;

/// The folder and its guard.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    guard: Child,
    lifetime: Option<ChildStdin>,
}

impl Folder {
    /// A new folder that belongs to the owner of the server and is closed to everybody else.
    pub(super) fn make(programs: &Programs) -> io::Result<Self> {
        let made = tempfile::Builder::new().prefix("keyholt-postgres-").tempdir_in(programs.temporary())?;
        programs.give(made.path())?;
        #[expect(clippy::disallowed_methods, reason = "tests end the database that they have started")]
        let mut guard = Command::new("/bin/sh");
        guard.args(["-c", GUARD]).arg(made.path());
        // A process group of its own: a test that takes too long is ended with its whole group.
        guard.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut guard = guard.spawn()?;
        let lifetime = guard.stdin.take();
        Ok(Self { path: made.keep().canonicalize()?, guard, lifetime })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The server's data directory, which is the working directory of all its processes.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.lifetime.take());
        // The guard has been started, so it can be waited for.
        let _ended = self.guard.wait();
    }
}
