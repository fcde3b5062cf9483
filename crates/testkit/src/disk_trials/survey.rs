//! All that is there, compared with what callers were told.

use std::collections::BTreeMap;

use keyholt_engine::{Engine, IdentityFilter, OrgChoice, PageRequest, RevealedSecret, Revelation};
use keyholt_types::{Action, ApiKeyId, AuditEvent, Caller, EventId, RequestId, SecretId};

use super::caller::{look, value_of};
use super::figures::TrialFigures;
use super::installation::{Installation, Running, block_on};
use super::testimony::{Change, Effect, Row, Testimony};

/// Compares; from then on what is there is what is known.
///
/// # Errors
/// In words, when something is lost, half written, there again, does not open, or is not in the audit log just once.
pub(super) fn survey(
    installation: &Installation,
    running: &Running,
    known: &mut Testimony,
    figures: &mut TrialFigures,
) -> Result<(), String> {
    let (owner, _) = look(running, known);
    let found = secrets(running, &owner)?;
    let keys = api_keys(&running.engine, &owner)?;
    let mut done = Vec::new();
    for change in std::mem::take(&mut known.unknown) {
        if settle(&change, &found, &keys, known)? {
            figures.turned_out_done += 1;
            done.push((change.request, change.action));
        } else {
            figures.turned_out_undone += 1;
        }
    }
    known.acknowledged.extend(done);
    compare_secrets(&found, &known.rows)?;
    compare_keys(running, &keys, known)?;
    compare_audit(&events(&running.engine, &owner)?, known)?;
    figures.opened += found.len() as u64;
    figures.refused += std::mem::take(&mut known.refused);
    let verified = installation.verify()?;
    figures.events += verified.audit.events;
    Ok(())
}

/// All secrets with their values.
fn secrets(running: &Running, owner: &Caller) -> Result<BTreeMap<SecretId, Row>, String> {
    let which = Revelation::OfOrgs(OrgChoice::Unnamed);
    let revealed = block_on(running.engine.reveal_secrets(owner, which, None))?;
    let revealed = revealed.map_err(|error| format!("the secrets cannot be read: {error}"))?;
    revealed.into_iter().map(|one| Ok((one.secret.columns.id, row(one)?))).collect()
}

fn row(revealed: RevealedSecret) -> Result<Row, String> {
    let columns = revealed.secret.columns;
    let stamp = columns.kind.unwrap_or_default();
    let metadata = revealed.secret.details.metadata.map(|metadata| metadata.object()).unwrap_or_default();
    if metadata.get("stamp").and_then(serde_json::Value::as_str) != Some(&*stamp) {
        return Err(format!("half written: {} has type {stamp} and metadata {metadata:?}", columns.name));
    }
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: a test compares the value it stored")]
    let value =
        revealed.value.and_then(|value| value.expose().strip_prefix(&value_of("")).map(ToOwned::to_owned));
    let value = value.ok_or_else(|| format!("{} has a value that nobody wrote", columns.name))?;
    Ok(Row { name: columns.name.into(), stamp: stamp.into(), value })
}

/// All API keys by their names, with whether they are revoked.
fn api_keys(engine: &Engine, owner: &Caller) -> Result<BTreeMap<String, (ApiKeyId, bool)>, String> {
    let filter = IdentityFilter { limit: Some(1000), ..IdentityFilter::default() };
    let listed = block_on(engine.list_api_keys(owner, OrgChoice::Unnamed, &filter, |_| true))?;
    let listed = listed.map_err(|error| format!("the API keys cannot be read: {error}"))?;
    Ok(listed.into_iter().map(|key| (key.name.into(), (key.id, key.revoked_at.is_some()))).collect())
}

fn events(engine: &Engine, owner: &Caller) -> Result<Vec<AuditEvent>, String> {
    const PAGE: u32 = 1000;
    let mut events: Vec<AuditEvent> = Vec::new();
    loop {
        let starting_after: Option<EventId> = events.last().map(|event| event.id);
        let page = PageRequest { starting_after, limit: PAGE };
        let records = block_on(engine.list_audit(owner, OrgChoice::Unnamed, page))?;
        let records = records.map_err(|error| format!("the audit log cannot be read: {error}"))?;
        let is_end = records.len() < PAGE as usize;
        events.extend(records.into_iter().map(|record| record.event));
        if is_end {
            return Ok(events);
        }
    }
}

/// Whether a change that was not answered was done.
fn settle(
    change: &Change,
    found: &BTreeMap<SecretId, Row>,
    keys: &BTreeMap<String, (ApiKeyId, bool)>,
    known: &mut Testimony,
) -> Result<bool, String> {
    match &change.effect {
        Effect::Create(row) => {
            let Some((id, there)) = found.iter().find(|(_, there)| there.name == row.name) else {
                return Ok(false);
            };
            if there != row {
                return Err(format!("half written: {there:?} in place of {row:?}"));
            }
            known.rows.insert(*id, row.clone());
            Ok(true)
        }
        Effect::Change { id, before, after } => match found.get(id) {
            there if there == after.as_ref() => {
                match after {
                    Some(after) => known.rows.insert(*id, after.clone()),
                    None => known.rows.remove(id),
                };
                Ok(true)
            }
            Some(there) if there == before => Ok(false),
            there => Err(format!("half written: {there:?} after {change:?}")),
        },
        Effect::MakeKey(name) => {
            let made = keys.get(name);
            known.orphans.extend(made.map(|(id, _)| *id));
            Ok(made.is_some())
        }
        Effect::RevokeKey(id) => {
            let key = known.keys.values_mut().find(|key| key.id == *id);
            let is_revoked = keys.values().any(|(other, is_revoked)| other == id && *is_revoked);
            if let Some(key) = key {
                key.is_revoked = is_revoked;
            }
            Ok(is_revoked)
        }
    }
}

fn compare_secrets(found: &BTreeMap<SecretId, Row>, known: &BTreeMap<SecretId, Row>) -> Result<(), String> {
    for (id, row) in known {
        match found.get(id) {
            None => return Err(format!("lost: {row:?}")),
            Some(there) if there != row => {
                return Err(format!("lost: {row:?}; in its place there is {there:?}"));
            }
            Some(_) => {}
        }
    }
    match found.iter().find(|(id, _)| !known.contains_key(id)) {
        Some((_, row)) => Err(format!("there again, or never made: {row:?}")),
        None => Ok(()),
    }
}

fn compare_keys(
    running: &Running,
    keys: &BTreeMap<String, (ApiKeyId, bool)>,
    known: &Testimony,
) -> Result<(), String> {
    for (name, key) in &known.keys {
        if keys.get(name) != Some(&(key.id, key.is_revoked)) {
            return Err(format!("lost: API key {name}, revoked: {}", key.is_revoked));
        }
        if running.is_valid(&key.text)? == key.is_revoked {
            return Err(format!("API key {name} is revoked: {}, and is not treated so", key.is_revoked));
        }
    }
    let is_known = |name: &str, id: ApiKeyId| {
        name == "owner" || known.orphans.contains(&id) || known.keys.contains_key(name)
    };
    match keys.iter().find(|(name, (id, _))| !is_known(name, *id)) {
        Some((name, _)) => Err(format!("there again, or never made: API key {name}")),
        None => Ok(()),
    }
}

/// What was done is in the audit log just once, and nothing else is.
fn compare_audit(events: &[AuditEvent], known: &Testimony) -> Result<(), String> {
    let mut by_request: BTreeMap<RequestId, Vec<Action>> = BTreeMap::new();
    for event in events {
        match event.request {
            Some(request) => by_request.entry(request).or_default().push(event.action),
            // The first start's own, and the key that the first secret needs.
            None if matches!(
                event.action,
                Action::DeploymentCreate | Action::OrgCreate | Action::OrgKeyCreate
            ) => {}
            None if matches!(
                event.action,
                Action::ProjectCreate | Action::PrincipalCreate | Action::ApiKeyCreate
            ) => {}
            None => return Err(format!("an event without a request: {:?}", event.action)),
        }
    }
    for (request, action) in &known.acknowledged {
        let mut recorded = by_request.remove(request).unwrap_or_default();
        if *action == Action::ApiKeyCreate {
            // Its service account is made with it.
            recorded.retain(|action| *action != Action::PrincipalCreate);
        }
        if recorded != [*action] {
            return Err(format!("{action:?} by {request:?} was done, and is recorded as {recorded:?}"));
        }
    }
    match by_request.iter().find(|(request, _)| !known.looks.contains(request)) {
        Some((request, actions)) => Err(format!("{actions:?} by {request:?} is recorded, and was not done")),
        None => Ok(()),
    }
}
