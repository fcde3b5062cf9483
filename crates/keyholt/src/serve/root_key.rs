//! Where the root key comes from, and the one moment in which it is made.

use std::path::Path;

use keyholt_crypto::{LocalRootKey, RootKeyError, RootKeyProvider};
use keyholt_engine::StoreState;
use keyholt_types::Credential;

use crate::config::RootKeySource;

/// Gives the root key. A missing file is made for an empty store only: for one in use a new key would be the
/// wrong one, and the right one must be brought back.
///
/// # Errors
/// When it is missing, open to others, malformed or cannot be made.
pub(super) fn provide(
    source: &RootKeySource,
    state: StoreState,
) -> Result<Box<dyn RootKeyProvider>, RootKeyError> {
    match (source, state) {
        (RootKeySource::File(path), StoreState::Empty) => load_or_make(path),
        (source, _) => load(source),
    }
}

/// Loads a root key that must be there.
///
/// # Errors
/// When it is missing, open to others or malformed.
pub(crate) fn load(source: &RootKeySource) -> Result<Box<dyn RootKeyProvider>, RootKeyError> {
    match source {
        RootKeySource::File(path) => Ok(Box::new(LocalRootKey::load_file(path)?)),
        RootKeySource::Text(text) => Ok(Box::new(parse(text)?)),
    }
}

fn load_or_make(path: &Path) -> Result<Box<dyn RootKeyProvider>, RootKeyError> {
    match LocalRootKey::load_file(path) {
        // Made by a first start that did not come to its end.
        Ok(key) => Ok(Box::new(key)),
        Err(RootKeyError::Missing { .. }) => Ok(Box::new(LocalRootKey::create_file(path)?)),
        Err(refused) => Err(refused),
    }
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: the root key given as a variable is read")]
fn parse(text: &Credential) -> Result<LocalRootKey, RootKeyError> {
    LocalRootKey::parse(text.expose(), "variable KEYHOLT_ROOT_KEY")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(provided: Result<Box<dyn RootKeyProvider>, RootKeyError>) -> RootKeyError {
        provided.err().unwrap()
    }

    #[test]
    fn a_root_key_is_made_for_an_empty_store_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.root-key");
        let source = RootKeySource::File(path.clone());
        let missing = refusal(provide(&source, StoreState::InUse));
        assert!(matches!(missing, RootKeyError::Missing { .. }), "{missing}");
        assert!(!path.exists());
        assert!(provide(&source, StoreState::Empty).is_ok());
        let made = std::fs::read(&path).unwrap();
        for state in [StoreState::Empty, StoreState::InUse] {
            assert!(provide(&source, state).is_ok());
        }
        assert_eq!(std::fs::read(&path).unwrap(), made);
    }

    #[test]
    fn a_malformed_variable_is_named_and_not_repeated() {
        let source = RootKeySource::Text(Credential::new("very-private".into()));
        let refused = refusal(provide(&source, StoreState::Empty)).to_string();
        assert!(refused.contains("KEYHOLT_ROOT_KEY") && !refused.contains("private"), "{refused}");
    }
}
