//! Options from a file, and reading such files.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::{ConfigFile, Environment, Options, UsageError};

/// The file that is read when none is named.
const DEFAULT: &str = "keyholt.toml";

impl ConfigFile {
    /// The file to read: the one that is named, else the default one if it is there.
    pub(super) fn path(&self, environment: &Environment) -> Option<PathBuf> {
        let named = self.config.clone().or_else(|| environment.raw("KEYHOLT_CONFIG").map(PathBuf::from));
        named.or_else(|| Some(PathBuf::from(DEFAULT)).filter(|path| path.exists()))
    }
}

/// Reads the options in a file.
///
/// # Errors
/// When it cannot be read, is not TOML, or has a key that is no option; names the file, the line and the key.
pub(super) fn options_in(path: &Path) -> Result<Options, UsageError> {
    read("the configuration file", path)
}

/// Reads a TOML file, which is called so.
///
/// # Errors
/// When it cannot be read, is not TOML, or holds something else; names the file, and the line and the key.
pub(super) fn read<T: DeserializeOwned>(called: &str, path: &Path) -> Result<T, UsageError> {
    let text = fs::read_to_string(path).map_err(|problem| {
        let path = path.display();
        UsageError(if problem.kind() == ErrorKind::NotFound {
            format!("{called} {path} does not exist")
        } else {
            format!("{called} {path} cannot be read: {problem}")
        })
    })?;
    toml::from_str(&text).map_err(|error| {
        let line =
            error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.split('\n').count());
        // Without toml's excerpt of the file: a secret may have been put there by mistake.
        UsageError(format!("{}, line {line}: {}", path.display(), error.message()))
    })
}
