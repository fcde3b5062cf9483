//! PostgreSQL's programs, and as whom they run.

use std::fs;
use std::io::{self, Error};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Where Debian keeps the programs of each version, off the search path.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs of one version.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    folder: PathBuf,
    /// User and group, when it is root who runs the tests: PostgreSQL refuses to run as root.
    owner: Option<(u32, u32)>,
}

impl Programs {
    /// Those of the newest version.
    ///
    /// # Errors
    /// When there is none; as root, when there is no user `postgres`.
    pub(super) fn find() -> io::Result<Self> {
        let newest = fs::read_dir(DEBIAN).into_iter().flatten().flatten().max_by_key(|entry| {
            let name = entry.file_name().into_string().unwrap_or_default();
            name.parse::<u32>().unwrap_or(0)
        });
        let folder = match newest {
            Some(version) => version.path().join("bin"),
            None => on_the_search_path().ok_or_else(|| Error::other("PostgreSQL is not installed"))?,
        };
        let owner = if rustix::process::geteuid().is_root() { Some(user("postgres")?) } else { None };
        Ok(Self { folder, owner })
    }

    /// Where temporary folders are made: root's own may be closed to the other user.
    pub(super) fn temporary(&self) -> PathBuf {
        if self.owner.is_some() { PathBuf::from("/tmp") } else { std::env::temp_dir() }
    }

    /// Makes a file or folder the owner's.
    pub(super) fn give(&self, path: &Path) -> io::Result<()> {
        match self.owner {
            Some((user, group)) => chown(path, Some(user), Some(group)),
            None => Ok(()),
        }
    }

    /// A program as the owner, in `folder`, with nothing of the surrounding environment.
    pub(super) fn command(&self, name: &str, folder: &Path) -> Command {
        #[expect(clippy::disallowed_methods, reason = "tests start the database that they are about")]
        let mut command = Command::new(self.folder.join(name));
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C");
        command.current_dir(folder).stdin(Stdio::null());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    /// Carries SQL out, and gives what it answers: columns separated by `|`, a line for each row.
    ///
    /// # Errors
    /// When the server is not there within 10 s, or refuses.
    pub(super) fn sql(&self, url: &str, text: &str) -> io::Result<String> {
        let mut command = self.command("psql", Path::new("/"));
        command.env("PGCONNECT_TIMEOUT", "10");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", text]);
        Ok(succeed(command.output()?)?.trim_end().to_owned())
    }
}

/// What a program printed, if it ended well.
///
/// # Errors
/// When it did not, with what it said.
pub(super) fn succeed(output: Output) -> io::Result<String> {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(Error::other(format!("{}: {stdout}{stderr}", output.status)))
}

/// So many random bytes, as hexadecimal digits.
pub(super) fn random_name() -> io::Result<String> {
    let mut bytes = [0; 12];
    io::Read::read_exact(&mut fs::File::open("/dev/urandom")?, &mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn on_the_search_path() -> Option<PathBuf> {
    let path = crate::setting::variable("PATH")?;
    std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file())
}

/// User and group of a name in `/etc/passwd`.
fn user(name: &str) -> io::Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let entry = users.lines().find_map(|line| {
        let mut fields = line.strip_prefix(name)?.strip_prefix(':')?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    entry.ok_or_else(|| Error::other(format!("PostgreSQL runs not as root, and there is no user `{name}`")))
}
