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
        UsageError(format!("{}, line {line}: {}", path.display(), without_contents(error.message())))
    })
}

/// What serde quotes in a message, and what it is quoted after.
const QUOTING: [&str; 4] = ["invalid type", "invalid value", "unknown variant", "unknown field"];

/// A message about a file without what stands in the file, which may be a secret or write to the terminal. The name of a
/// field stays when it is like one.
fn without_contents(message: &str) -> String {
    let Some(kind) = QUOTING.into_iter().find(|kind| message.starts_with(kind)) else {
        return message.replace(char::is_control, " ");
    };
    let is_of_a_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    let is_name = |name: &&str| kind == "unknown field" && name.len() <= 40 && name.bytes().all(is_of_a_name);
    let name = message.split('`').nth(1).filter(is_name).map(|name| format!(" `{name}`"));
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| format!(", expected {expected}"));
    format!("{kind}{}{}", name.unwrap_or_default(), expected.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_file_is_not_repeated() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keyholt.toml");
        for (text, expected) in [
            ("versions_kept = 'very-private'", "invalid type, expected u32"),
            ("database_connections = 'very-private, expected u32'", "invalid type, expected u32"),
            ("listen = ['very-private']", "invalid type, expected "),
            ("log_format = 'very-private'", "unknown variant, expected `human` or `json`"),
            ("sk-very-private = 1", "unknown field, expected one of `listen`"),
            ("listeen = 'very-private'", "unknown field `listeen`, expected one of `listen`"),
            ("\"very-private\\u001b[2J\\n\" = 1", "unknown field, expected one of `listen`"),
            ("very-private", "line 1: "),
        ] {
            fs::write(&path, text).unwrap();
            let said = options_in(&path).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
            assert!(!said.contains("private") && !said.contains(char::is_control), "{said:?}");
        }
    }
}
