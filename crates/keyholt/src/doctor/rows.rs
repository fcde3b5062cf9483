//! Every secret: whether its record opens, and its value, and whether it can be used.

use keyholt_crypto::RootKeyProvider;
use keyholt_engine::{LockedSecret, OpenRefused, UnusableSecret, inspect};
use keyholt_store::Store;

use super::finding::Finding;
use super::store::unreadable;

/// Opens every secret in memory, in turn, and names those that do not open or cannot be used.
pub(super) async fn examine(store: &Store, root_key: &dyn RootKeyProvider) -> Vec<Finding> {
    let found = match inspect(store, root_key).await {
        Ok(found) => found,
        Err(OpenRefused::Store(problem)) => return vec![unreadable(store, &problem)],
        Err(refused @ OpenRefused::UnfinishedCopy) => {
            return vec![Finding::fail("database", refused.to_string())];
        }
        Err(
            refused @ (OpenRefused::RootKey(_)
            | OpenRefused::Keyring(_)
            | OpenRefused::FirstStart
            | OpenRefused::FirstStartUnknown),
        ) => {
            return vec![Finding::fail("keys", refused.to_string())];
        }
    };
    let secrets = match found.locked {
        0 => Finding::ok("secrets", format!("all {} open", found.secrets)),
        locked => Finding::fail("secrets", format!("{locked} of {} are locked", found.secrets)),
    };
    let keys = Finding::ok("keys", "the root key opens the keys of the store");
    let mut findings = vec![keys, secrets];
    findings.extend(found.named.iter().map(locked));
    findings.extend(found.named_unusable.iter().map(unusable));
    let unnamed = found.unusable.saturating_sub(found.named_unusable.len() as u64);
    if unnamed > 0 {
        findings.push(Finding::warn("unusable", format!("so are {unnamed} more")));
    }
    findings
}

fn locked(secret: &LockedSecret) -> Finding {
    let LockedSecret { id, org, problem } = secret;
    let message = format!(
        "{problem} (secret {id} of {org}): `keyholt secret rm` it and write it again, or restore a backup"
    );
    Finding::fail("locked", message)
}

fn unusable(secret: &UnusableSecret) -> Finding {
    let UnusableSecret { id, name, org, reason } = secret;
    let message = format!("{name} ({id} of {org}) is left out by the gateway and by AI proxies: {reason}");
    Finding::warn("unusable", message)
}
