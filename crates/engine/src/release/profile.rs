//! What decides which requests a secret serves, as its opened row says it.

use keyholt_types::{Restrictions, SecretId, Timestamp};

use super::binding::is_bound;
use crate::SecretView;
use crate::providers::{self, Destination, Models, ProviderType, Unfit};

/// What decides which requests a secret of an organisation serves. Nothing of its value is in it, and of its metadata
/// only the names of models.
pub(crate) struct Profile {
    pub(super) id: SecretId,
    pub(super) provider: ProviderType,
    pub(super) models: Models,
    /// Its weight among several that serve a request, or why it cannot be used for any.
    pub(super) weight: Result<f64, Unfit>,
    name: Box<str>,
    expires_at: Option<Timestamp>,
}

impl Profile {
    /// That of an opened secret; none where its type is no provider's.
    pub(super) fn of(secret: &SecretView) -> Option<Self> {
        let SecretView { columns, details } = secret;
        let provider = columns.kind.as_deref().and_then(ProviderType::parse)?;
        Some(Self {
            id: columns.id,
            provider,
            models: Models::of(details.metadata.as_ref()),
            weight: fitness(secret, provider).map(|(_, weight)| weight),
            name: columns.name.clone(),
            expires_at: columns.expires_at,
        })
    }

    /// Whether it is there at this moment for whoever has this reach.
    pub(super) fn is_there(&self, reach: &Restrictions, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expiry| now < expiry)
            && reach.allow_secret(&self.name, Some(self.provider.word()))
    }

    /// The bytes that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.models.bytes()
    }
}

/// Where the value of a secret of this type may be sent, and its weight among several that serve a request.
///
/// # Errors
/// Why it cannot be used for any request.
pub(super) fn fitness(secret: &SecretView, provider: ProviderType) -> Result<(Destination, f64), Unfit> {
    let (columns, metadata) = (&secret.columns, secret.details.metadata.as_ref());
    providers::check_metadata(columns.kind.as_deref(), metadata)?;
    let destination = providers::destination(provider, metadata)?;
    if columns.value_version == 0 && provider != ProviderType::Ollama {
        return Err(Unfit::NoValue);
    }
    if !is_bound(secret) {
        return Err(Unfit::Unbound);
    }
    Ok((destination, metadata.map_or(1.0, providers::weight)))
}
