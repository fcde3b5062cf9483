//! Root key files: one line, for their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use crate::{LocalRootKey, RootKeyError};

/// Far more than a root key has; the rest of a larger file is not read.
const MOST_BYTES: u64 = 1024;

impl LocalRootKey {
    /// Makes a root key and its file, with mode 0600. It is on disk when this returns.
    ///
    /// # Errors
    /// [`RootKeyError::Exists`] when there is such a file, whatever it holds; [`RootKeyError::Io`] when it
    /// cannot be written: nothing is left there then.
    pub fn create_file(path: &Path) -> Result<Self, RootKeyError> {
        let text = Self::generate_text()?;
        let root = Self::parse(&text, &origin(path))?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                RootKeyError::Exists { path: path.to_owned() }
            } else {
                io_error(path, &error)
            }
        })?;
        if let Err(error) = write_durably(file, path, &text) {
            // Half a key must not be taken for one; the first error is the one to tell.
            let _ = fs::remove_file(path);
            return Err(io_error(path, &error));
        }
        Ok(root)
    }

    /// Reads a root key from its file.
    ///
    /// # Errors
    /// [`RootKeyError::Missing`]; [`RootKeyError::TooOpen`] when others than the owner may read, write or
    /// execute it; [`RootKeyError::Malformed`]; [`RootKeyError::Io`].
    pub fn load_file(path: &Path) -> Result<Self, RootKeyError> {
        let file = File::open(path).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                RootKeyError::Missing { path: path.to_owned() }
            } else {
                io_error(path, &error)
            }
        })?;
        let about = file.metadata().map_err(|error| io_error(path, &error))?;
        let mode = about.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(RootKeyError::TooOpen { path: path.to_owned(), mode });
        }
        // With room for one byte more than is read, so that no copies are left behind by growing.
        let mut bytes = Zeroizing::new(Vec::with_capacity(2048));
        file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(|error| io_error(path, &error))?;
        let origin = origin(path);
        let text =
            std::str::from_utf8(&bytes).map_err(|_| RootKeyError::Malformed { origin: origin.clone() })?;
        Self::parse(text, &origin)
    }
}

fn write_durably(mut file: File, path: &Path, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    // The name is in the directory, which has to be on disk as well.
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}

fn origin(path: &Path) -> String {
    format!("file {}", path.display())
}

fn io_error(path: &Path, error: &io::Error) -> RootKeyError {
    RootKeyError::Io { path: path.to_owned(), kind: error.kind() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RootKeyProvider;

    #[test]
    fn a_created_file_is_the_owners_alone_and_loads() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.root-key");
        let root = LocalRootKey::create_file(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        let wrapped = root.wrap(b"aad", &[7; 32]).unwrap();
        let loaded = LocalRootKey::load_file(&path).unwrap();
        assert_eq!(**loaded.unwrap(b"aad", &wrapped).unwrap(), [7; 32]);
        assert_eq!(loaded.describe(), format!("file {}", path.display()));
    }

    #[test]
    fn a_file_that_exists_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.root-key");
        fs::write(&path, "").unwrap();
        assert_eq!(LocalRootKey::create_file(&path).unwrap_err(), RootKeyError::Exists { path: path.clone() });
        assert_eq!(fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn a_file_that_others_may_use_is_refused_with_the_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.root-key");
        LocalRootKey::create_file(&path).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refused = LocalRootKey::load_file(&path).unwrap_err();
            assert_eq!(refused, RootKeyError::TooOpen { path: path.clone(), mode });
            let line = refused.to_string();
            assert!(line.contains(&format!("mode {mode:04o}")), "{line}");
            assert!(line.contains(&format!("chmod 600 {}", path.display())), "{line}");
        }
        for mode in [0o400, 0o600] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(LocalRootKey::load_file(&path).is_ok());
        }
    }

    #[test]
    fn a_missing_or_malformed_file_is_named_and_its_content_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.root-key");
        assert_eq!(LocalRootKey::load_file(&path).unwrap_err(), RootKeyError::Missing { path: path.clone() });
        for content in [b"".as_slice(), b"very-private", b"\xFF\xFE", &[b'x'; 100_000]] {
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let line = LocalRootKey::load_file(&path).unwrap_err().to_string();
            assert!(line.contains(&path.display().to_string()) && line.contains("malformed"), "{line}");
            // The folder's random name may be anything.
            let line = line.replace(&path.display().to_string(), "");
            assert!(!line.contains("private") && !line.contains("xx"), "{line}");
        }
        let no_file = LocalRootKey::load_file(directory.path()).unwrap_err();
        assert!(matches!(no_file, RootKeyError::TooOpen { .. } | RootKeyError::Io { .. }), "{no_file}");
        let nowhere = directory.path().join("missing/data.root-key");
        assert!(matches!(LocalRootKey::create_file(&nowhere), Err(RootKeyError::Io { .. })));
    }
}
