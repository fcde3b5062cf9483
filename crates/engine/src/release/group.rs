//! Groups of an organisation's secrets. Whoever looks for those that serve a request reads the groups that these must be in,
//! and no others.

use keyholt_store::SecretRow;

use crate::providers::ProviderType;

/// Some of an organisation's secrets. One secret may be in several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Group {
    /// All of them.
    All,
    /// Those of a type.
    OfType(ProviderType),
    /// Those of any type whose metadata may name models.
    NamingModels,
}

impl Group {
    /// Those that may serve a model that secrets of these types serve by its name.
    pub(super) fn of_model(by_name: impl IntoIterator<Item = ProviderType>) -> Vec<Self> {
        by_name.into_iter().map(Self::OfType).chain([Self::NamingModels]).collect()
    }

    /// Whether a secret is one of them.
    pub(super) fn holds(self, row: &SecretRow) -> bool {
        match self {
            Self::All => true,
            Self::OfType(provider) => row.columns.kind.as_deref() == Some(provider.word()),
            Self::NamingModels => row.names_models,
        }
    }
}
