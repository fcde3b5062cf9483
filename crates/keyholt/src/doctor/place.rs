//! Where the installation lives: configuration, server, directory, disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use keyholt_store::PostgresUrl;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::finding::Finding;
use crate::config::{Database, RootKeySource, Settings};
use crate::serve::check_data_dir;

const MIB: u64 = 1024 * 1024;
/// With less free space than this, writes will soon be refused.
const LITTLE: u64 = 1024 * MIB;
/// With less than this, they are about to be.
const TOO_LITTLE: u64 = 64 * MIB;

/// The configuration has been read; says from where.
pub(super) fn configuration(settings: &Settings) -> Finding {
    let source = match &settings.config_file {
        Some(file) => format!("read from flags, variables and {}", file.display()),
        None => "read from flags and variables; there is no keyholt.toml here".to_owned(),
    };
    Finding::ok("configuration", source)
}

/// Whether something listens where the server would.
pub(super) async fn server(settings: &Settings) -> Finding {
    let address = settings.listen;
    match timeout(Duration::from_secs(1), TcpStream::connect(address)).await {
        Ok(Ok(_)) => Finding::ok("server", format!("something answers at {address}")),
        _ => Finding::ok("server", format!("nothing answers at {address}: the store is checked without it")),
    }
}

/// Whether the data directory can be used, and by its owner alone; whether there is room on its disk.
pub(super) fn data_dir(settings: &Settings) -> Vec<Finding> {
    let (dir, shown) = (&settings.data_dir, settings.data_dir.display());
    let Ok(metadata) = fs::metadata(dir) else {
        return vec![Finding::ok(
            "data",
            format!("{shown} is not there yet: the first `keyholt serve` makes it"),
        )];
    };
    let mode = metadata.permissions().mode() & 0o7777;
    let owned = match check_data_dir(dir) {
        Err(refused) => Finding::fail("data", format!("{refused:#}")),
        Ok(()) if mode & 0o077 != 0 => Finding::warn(
            "data",
            format!("{shown} has mode {mode:04o}, so others have access: run `chmod 700 {shown}`"),
        ),
        Ok(()) => Finding::ok("data", format!("{shown} is its owner's alone")),
    };
    vec![owned, disk(settings)]
}

fn disk(settings: &Settings) -> Finding {
    match rustix::fs::statvfs(&settings.data_dir) {
        Ok(disk) => free_space(disk.f_bavail.saturating_mul(disk.f_frsize)),
        Err(problem) => Finding::warn("disk", format!("the free space cannot be told: {problem}")),
    }
}

fn free_space(bytes: u64) -> Finding {
    let mib = bytes / MIB;
    match bytes {
        LITTLE.. => Finding::ok("disk", format!("{mib} MiB free")),
        TOO_LITTLE.. => Finding::warn("disk", format!("only {mib} MiB free: make room soon")),
        _ => Finding::fail(
            "disk",
            format!("only {mib} MiB free, and writes are refused on a full disk: make room"),
        ),
    }
}

/// Whether the way to a shared database is open to others.
pub(super) fn link(url: &PostgresUrl) -> Option<Finding> {
    let hosts = url.plaintext_hosts()?;
    let message = format!(
        "nothing is encrypted to {hosts}: whoever is in between can read and change what passes; turn TLS on there and \
         leave sslmode=disable out"
    );
    Some(Finding::warn("database link", message))
}

/// Whether the root key's file lies where a copy of the data would carry it.
pub(super) fn is_root_key_among_data(settings: &Settings) -> bool {
    matches!(settings.database, Database::Sqlite)
        && matches!(&settings.root_key, RootKeySource::File(file) if file.starts_with(&settings.data_dir))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Health;
    use super::*;

    #[test]
    fn a_disk_that_fills_up_is_noticed_in_time() {
        assert_eq!(free_space(5000 * MIB).state, Health::Ok);
        assert_eq!(free_space(1000 * MIB).state, Health::Warn);
        assert_eq!(free_space(63 * MIB).state, Health::Fail);
    }
}
