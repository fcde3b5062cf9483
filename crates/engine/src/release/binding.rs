//! To which destination a value is bound (design/decisions.md 22), and whether a secret can be used at all.

use keyholt_types::Collection;

use crate::SecretView;
use crate::providers::{self, ProviderType, Unfit};

/// Why an organisation's secret is left out when values are used or resolved, as far as that can be told without its
/// value; none when nothing is in the way, and for what is no organisation's.
#[must_use]
pub fn unusable(secret: &SecretView) -> Option<Unfit> {
    let (columns, metadata) = (&secret.columns, secret.details.metadata.as_ref());
    if !matches!(columns.collection, Collection::Org(_)) {
        return None;
    }
    match providers::check_metadata(columns.kind.as_deref(), metadata) {
        Err(unfit) => Some(unfit),
        Ok(provider) if columns.value_version == 0 => {
            (provider != ProviderType::Ollama).then_some(Unfit::NoValue)
        }
        Ok(_) => (!is_bound(secret)).then_some(Unfit::Unbound),
    }
}

/// Whether a secret's value may be sent to where its row says now: as when the value was written. A value from
/// before there were bindings is bound to nothing until it is confirmed or written anew.
pub(super) fn is_bound(secret: &SecretView) -> bool {
    let now = providers::bound_hosts(secret.columns.kind.as_deref(), secret.details.metadata.as_ref());
    secret.columns.value_version == 0 || secret.details.bound_to == now
}
