//! Finding the member that is meant by a name or an id.

use anyhow::{Error, Result, anyhow, bail};
use keyholt_engine::PrincipalKind;
use serde_json::Value;

use super::kind::{kind_in_words, named};
use crate::client::{ClientError, Connection, find, list, text};
use crate::output::visible;

/// The member, of this kind or of any, that a name or an id means. Where several have the name, those who are
/// in the named organisation are meant; else it does not count, since one can be named that the member is to
/// join.
///
/// # Errors
/// When there is none, when several have the name, when it is of the other kind, or when the server refuses.
pub(crate) async fn the_one(
    server: &Connection,
    kind: Option<PrincipalKind>,
    org: Option<&str>,
    name_or_id: &str,
) -> Result<Value> {
    let records = named(kind);
    if let Some(member) = find::with_id(server, records.path, name_or_id).await? {
        if kind.is_some_and(|kind| kind.word() != text(&member, "kind")) {
            let (name, is) = (visible(text(&member, "name")), kind_in_words(&member));
            bail!("{name} is no {} but a {is}\n  use the commands for {is}s", records.called);
        }
        return Ok(member);
    }
    let query = [("kind", kind.map(PrincipalKind::word))];
    let mut found = find::with_name(server, records.path, &query, name_or_id).await?;
    if let Some(org) = org.filter(|_| found.len() > 1) {
        found.retain(|member| is_in(member, org));
    }
    find::the_only(&records, name_or_id, found)
}

/// What is said when the server does not find a member that is there: it is not in the named organisation.
pub(super) fn explain(error: ClientError, org: Option<&str>, member: &Value) -> Error {
    match org {
        Some(org) if error.is_not_found() => {
            anyhow!("{} is no member of {}", visible(text(member, "name")), visible(org))
        }
        Some(_) | None => error.into(),
    }
}

fn is_in(member: &Value, org: &str) -> bool {
    list(member, "memberships").iter().any(|membership| text(membership, "name") == org)
}
