//! Servers on a directory that something is wrong with.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use keyholt_testkit::{Answer, Client, Server, Setup, in_continuous_integration};

/// A server on a directory of its own, without limits: all load comes with one API key.
pub(crate) fn setup() -> Setup {
    Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap().variable("KEYHOLT_LIMITS_PER_API_KEY", "0")
}

/// A small file system in memory in place of the data directory; unmounted when it goes.
pub(crate) struct SmallDisk<'a> {
    setup: &'a Setup,
    dir: PathBuf,
}

impl<'a> SmallDisk<'a> {
    /// Mounts one of 64 MiB; none where that is not allowed, and then says so.
    pub(crate) fn mount(setup: &'a Setup) -> Option<Self> {
        let dir = setup.data_dir();
        fs::create_dir(&dir).unwrap();
        let place = dir.to_str().unwrap();
        let words = ["-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", place];
        let is_mounted = setup.run_tool("mount", &words, b"").is_ok_and(|mounted| mounted.success());
        if !is_mounted {
            println!(
                "left out: no file system can be mounted here (continuous integration: {})",
                in_continuous_integration()
            );
            fs::remove_dir(&dir).unwrap();
            return None;
        }
        Some(Self { setup, dir })
    }

    /// Mounts it anew, for reading only.
    pub(crate) fn make_read_only(&self) {
        self.remount("remount,ro");
    }

    /// Mounts it anew, for writing too.
    pub(crate) fn make_writable(&self) {
        self.remount("remount,rw");
    }

    fn remount(&self, options: &str) {
        let words = ["-o", options, self.dir.to_str().unwrap()];
        assert!(self.setup.run_tool("mount", &words, b"").unwrap().success());
    }

    /// Fills it but for so many bytes.
    pub(crate) fn fill(&self, left: u64) {
        let mut ballast = File::create(self.ballast()).unwrap();
        while ballast.write_all(&[b'x'; 4096]).is_ok() {}
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length - left).unwrap();
    }

    /// Gives the space back.
    pub(crate) fn empty(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.dir.join("ballast")
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // At once, whoever still has files open there.
        let _unmounted = self.setup.run_tool("umount", &["-l", self.dir.to_str().unwrap_or_default()], b"");
    }
}

/// Sets how long a file may become that the server writes, in bytes; `unlimited` too.
pub(crate) fn limit_files(setup: &Setup, server: &Server, bytes: &str) {
    let (pid, limit) = (server.pid().to_string(), format!("--fsize={bytes}:"));
    let limited = setup.run_tool("prlimit", &["--pid", &pid, &limit], b"").unwrap();
    assert!(limited.success(), "{limited:?}");
}

/// Writes a secret with a value of 32 KiB.
pub(crate) fn put_large(client: &mut Client, name: &str) -> Answer {
    let value = name.repeat(32 * 1024 / name.len());
    client.json("PUT", "/v1/ai_secret", &serde_json::json!({ "name": name, "secret": value })).unwrap()
}
