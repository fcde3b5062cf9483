//! Using values: a secret that serves a request of a caller, who never sees its value.

use keyholt_store::Scope;
use keyholt_types::{Caller, SecretId, SecretValue};

use super::profile::fitness;
use crate::authorise::Operation;
use crate::providers::{self, Destination, ProviderType, Unfit};
use crate::{Engine, Error, SecretView};

/// What a caller wants to send a request with.
#[derive(Debug, Clone, Copy)]
pub struct UseRequest<'a> {
    /// The model that the request names.
    pub model: Option<&'a str>,
    /// The name of the secret, where the caller chooses it.
    pub name: Option<&'a str>,
    /// The only type of provider that will do, where the caller chooses it.
    pub provider: Option<ProviderType>,
    /// Which types of providers understand the request.
    pub understands: fn(ProviderType) -> bool,
}

/// A secret that serves a request.
#[derive(Debug)]
pub struct Usable {
    scope: Scope,
    secret: SecretView,
    provider: ProviderType,
    destination: Destination,
    weight: f64,
}

impl Usable {
    /// The secret.
    #[must_use]
    pub fn secret(&self) -> &SecretView {
        &self.secret
    }

    /// Its type.
    #[must_use]
    pub fn provider(&self) -> ProviderType {
        self.provider
    }

    /// Where its value may be sent: computed from the row as it is, and the same as when the value was written.
    #[must_use]
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Its weight among several that serve a request.
    pub(super) const fn weight(&self) -> f64 {
        self.weight
    }
}

/// Which version of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichVersion {
    /// The present one.
    Present,
    /// The one before, as long as a rotation is recent enough for it to be still valid somewhere.
    Previous,
}

impl Engine {
    /// How long after a rotation the value before may still be tried, in seconds (design/decisions.md 5).
    const GRACE_SECONDS: i64 = 3600;

    /// A secret of this scope, if it serves a request.
    pub(super) fn usable(
        &self,
        scope: Scope,
        secret: SecretView,
        request: UseRequest<'_>,
    ) -> Result<Option<Usable>, Unfit> {
        let (kind, metadata) = (secret.columns.kind.as_deref(), secret.details.metadata.as_ref());
        let provider = match (kind.and_then(ProviderType::parse), request.name) {
            (Some(provider), _) => provider,
            // Whoever names a secret is told what is wrong with it; nobody else asked for it.
            (None, Some(_)) => return Err(Unfit::UnknownType),
            (None, None) => return Ok(None),
        };
        let serves = match request.name {
            Some(_) => request.provider.is_none_or(|wanted| wanted == provider),
            None => request.provider.map_or_else(
                || self.models.matches(provider, metadata, request.model),
                |wanted| wanted == provider,
            ),
        };
        if !serves {
            return Ok(None);
        }
        if !(request.understands)(provider) {
            return if request.name.is_some() { Err(Unfit::OtherFormat) } else { Ok(None) };
        }
        let (destination, weight) = fitness(&secret, provider)?;
        Ok(Some(Usable { scope, secret, provider, destination, weight }))
    }

    /// The value of a usable secret; none where its type needs none, and where there is no such version.
    ///
    /// # Errors
    /// [`Error::Unusable`] when it cannot be put into a request, [`Error::Locked`] when it does not open.
    pub async fn open_for_use(
        &self,
        usable: &Usable,
        which: WhichVersion,
    ) -> Result<Option<SecretValue>, Error> {
        let value = match which {
            WhichVersion::Present => self.open_value(usable.scope, &usable.secret).await?,
            WhichVersion::Previous => {
                let rotated_at = usable.secret.columns.value_updated_at;
                let is_recent =
                    |at: keyholt_types::Timestamp| self.clock.now() < at.plus_seconds(Self::GRACE_SECONDS);
                if !rotated_at.is_some_and(is_recent) {
                    return Ok(None);
                }
                self.open_previous_value(usable.scope, &usable.secret).await?
            }
        };
        let Some(value) = value else { return Ok(None) };
        let metadata = usable.secret.details.metadata.as_ref();
        providers::check_value(usable.provider, metadata, Some(&value)).map_err(Error::Unusable)?;
        Ok(Some(value))
    }

    /// Finds a secret to test its value: its present one, wherever it may be sent.
    ///
    /// # Errors
    /// As [`find_usable`](Self::find_usable); [`Error::NotFound`] for one that the caller may not use.
    pub async fn find_to_test(&self, caller: &Caller, id: SecretId) -> Result<Usable, Error> {
        let (scope, secret) = self.find_in_orgs(caller, id, Operation::UseSecrets).await?;
        let name = secret.columns.name.clone();
        let request = UseRequest { model: None, name: Some(&name), provider: None, understands: |_| true };
        self.usable(scope, secret, request).map_err(Error::Unusable)?.ok_or(Error::NotFound)
    }
}
