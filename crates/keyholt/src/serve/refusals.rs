//! What a server must not start with. Each refusal is one line: what is wrong, and what to do.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use keyholt_types::Credential;

use crate::config::{Database, Settings};

/// The fewest characters of a first key with which others than this machine may be served.
const SHORTEST_KEY: usize = 32;

/// Checks what can be known before anything is opened.
///
/// # Errors
/// When a promise could not be kept.
pub(super) fn check(settings: &Settings) -> Result<()> {
    check_listeners(settings)?;
    match settings.database {
        Database::Sqlite => check_data_dir(&settings.data_dir),
        Database::Postgres(_) => Ok(()),
    }
}

fn check_listeners(settings: &Settings) -> Result<()> {
    let is_open = !settings.listen.ip().is_loopback();
    if is_open && settings.tls.is_none() && !settings.insecure_plaintext {
        bail!(
            "{} is reached by other machines, and keys would go there in the clear: give --tls-cert and --tls-key, \
             or --insecure-plaintext if a proxy in front does TLS",
            settings.listen
        );
    }
    let is_any_open = is_open || settings.metrics_listen.is_some_and(|address| !address.ip().is_loopback());
    if let Some(key) = &settings.bootstrapping.api_key
        && is_any_open
        && is_short(key)
    {
        bail!(
            "KEYHOLT_BOOTSTRAP_API_KEY is shorter than {SHORTEST_KEY} characters: give a longer one, or listen on \
             loopback addresses only"
        );
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: the length of the first API key is looked at")]
fn is_short(key: &Credential) -> bool {
    key.expose().chars().count() < SHORTEST_KEY
}

/// Checks that a data directory, if there is one, is a directory of the user who runs this.
///
/// # Errors
/// When it is somebody else's, no directory, or cannot be looked at.
pub(crate) fn check_data_dir(dir: &Path) -> Result<()> {
    let shown = dir.display();
    let metadata = match fs::metadata(dir) {
        Ok(metadata) => metadata,
        Err(problem) if problem.kind() == ErrorKind::NotFound => return Ok(()),
        Err(problem) => {
            return Err(problem).with_context(|| format!("the data directory {shown} cannot be looked at"));
        }
    };
    if !metadata.is_dir() {
        bail!("{shown} is not a directory: choose another --data-dir");
    }
    let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != user {
        bail!(
            "the data directory {shown} belongs to user {owner} and keyholt runs as user {user}: run it as user \
             {owner}, or `chown -R {user} {shown}`"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;
    use crate::config::{ConfigFile, Environment, Options};

    fn refusal(flags: &[&str], key: Option<&'static str>) -> Option<String> {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("keyholt.toml");
        fs::write(&config, "").unwrap();
        let command = Options::augment_args(Command::new("serve").no_binary_name(true));
        let flags = Options::from_arg_matches(&command.get_matches_from(flags)).unwrap();
        let mut settings =
            Settings::read(flags, &ConfigFile { config: Some(config) }, &Environment::of(&[])).unwrap();
        settings.bootstrapping.api_key = key.map(|key| Credential::new(key.to_owned()));
        check_listeners(&settings).err().map(|refusal| refusal.to_string())
    }

    #[test]
    fn other_machines_are_not_served_in_the_clear_unless_that_is_asked_for() {
        for address in ["0.0.0.0:8787", "[::]:8787", "192.0.2.1:8787"] {
            let refused = refusal(&["--listen", address], None).unwrap();
            assert!(refused.contains("--tls-cert") && refused.contains("--insecure-plaintext"), "{refused}");
            assert_eq!(refusal(&["--listen", address, "--insecure-plaintext"], None), None);
            assert_eq!(refusal(&["--listen", address, "--tls-cert=c", "--tls-key=k"], None), None);
        }
        for address in ["127.0.0.1:0", "[::1]:8787", "127.1.2.3:80"] {
            assert_eq!(refusal(&["--listen", address], None), None);
        }
    }

    #[test]
    fn a_short_first_key_is_for_loopback_only() {
        let long = Some("0123456789012345678901234567890123");
        assert_eq!(refusal(&[], Some("My API Key")), None);
        for open in
            [["--listen=0.0.0.0:1", "--insecure-plaintext"], ["--metrics-listen=0.0.0.0:1", "--access-log"]]
        {
            let refused = refusal(&open, Some("My API Key")).unwrap();
            assert!(refused.contains("32 characters") && !refused.contains("My API"), "{refused}");
            assert_eq!(refusal(&open, long), None);
        }
    }

    #[test]
    fn a_data_directory_is_missing_or_ones_own() {
        let directory = tempfile::tempdir().unwrap();
        assert!(check_data_dir(directory.path()).is_ok());
        assert!(check_data_dir(&directory.path().join("missing")).is_ok());
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(check_data_dir(&file).unwrap_err().to_string().contains("not a directory"));
    }
}
