//! What is there: all rows of both collections, as the wires show them, and their values.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::model::{Row, Rows, Wire};
use super::worker::value_of;
use crate::{Client, Deadline};

/// How long a server may say that it is busy.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// All rows, by the worker they belong to.
///
/// # Errors
/// In words, when a row is half written or does not open.
pub fn survey(client: &mut Client) -> Result<BTreeMap<usize, Rows>, String> {
    let mut there: BTreeMap<usize, Rows> = BTreeMap::new();
    let mut keep = |object: &Value, row: Row| {
        let number = row.name.strip_prefix('w').and_then(|rest| rest.split('-').next()?.parse().ok());
        let number = number.ok_or_else(|| format!("nobody's row: {object}"))?;
        there.entry(number).or_default().insert(text(object, "id"), row);
        Ok::<(), String>(())
    };
    // The native list shows what does not open too, where the wires leave it out.
    let objects = list(client, "GET", "/keyholt/v1/secrets?limit=1000", None, "objects")?;
    if let Some(locked) = objects.iter().find(|object| object.get("locked") != Some(&Value::Bool(false))) {
        return Err(format!("does not open: {locked}"));
    }
    for object in list(client, "GET", "/v1/ai_secret", None, "objects")? {
        keep(&object, org_row(&object)?)?;
    }
    for object in list(client, "GET", "/v1/deployments/secrets", None, "data")? {
        keep(&object, project_row(&object))?;
    }
    Ok(there)
}

/// Opens the values of the rows of these names, or of all of them, and gives their number: each is the one that was
/// written last. At most 1,000 rows of each collection.
///
/// # Errors
/// In words, when one does not open, or is another's.
pub fn reveal(
    client: &mut Client,
    there: &BTreeMap<usize, Rows>,
    names: Option<&[&str]>,
) -> Result<usize, String> {
    let mut revealed = 0;
    for wire in [Wire::Braintrust, Wire::Together] {
        let mut values = BTreeMap::new();
        let body = json!({ "names": names, "project": wire == Wire::Together }).to_string();
        for object in list(client, "POST", "/keyholt/v1/secrets/reveal", Some(body.as_bytes()), "objects")? {
            values.insert(text(&object, "id"), text(&object, "value"));
        }
        let rows = there.values().flatten().filter(|(_, row)| row.wire == wire);
        for (id, row) in rows.filter(|(_, row)| names.is_none_or(|names| names.contains(&row.name.as_str()))) {
            if values.remove(id).as_deref() != Some(&value_of(&row.stamp)) {
                return Err(format!("its value does not open, or is another: {id} {row:?}"));
            }
            revealed += 1;
        }
        if !values.is_empty() {
            return Err(format!("values of rows that are not there: {:?}", values.keys()));
        }
    }
    Ok(revealed)
}

/// The objects of one answer. Asks until it is not refused for now: a machine that is short of time is no loss.
///
/// # Errors
/// In words, when there are none.
pub(super) fn list(
    client: &mut Client,
    method: &str,
    target: &str,
    body: Option<&[u8]>,
    key: &str,
) -> Result<Vec<Value>, String> {
    let asked = Deadline::after(PATIENCE).poll(|| match client.send(method, target, body) {
        Ok(answer) if answer.status == 503 => None,
        other => Some(other),
    });
    let answer = asked.ok_or_else(|| format!("{method} {target}: 503 again and again"))?;
    let answer = answer.map_err(|error| format!("{method} {target}: {error}"))?;
    match answer.json().get_mut(key).map(Value::take) {
        Some(Value::Array(objects)) => Ok(objects),
        // A body of values is never shown.
        _ => Err(format!("{method} {target}: {} without {key}", answer.status)),
    }
}

fn org_row(object: &Value) -> Result<Row, String> {
    let stamp = text(object, "type");
    let value = value_of(&stamp);
    let tail = value.get(value.len().saturating_sub(4)..).unwrap_or_default();
    let is_whole = object.pointer("/metadata/stamp").and_then(Value::as_str) == Some(&stamp)
        && text(object, "preview_secret") == format!("********{tail}");
    let row = Row { wire: Wire::Braintrust, name: text(object, "name"), stamp };
    if is_whole { Ok(row) } else { Err(format!("half written: {object}")) }
}

fn project_row(object: &Value) -> Row {
    Row { wire: Wire::Together, name: text(object, "name"), stamp: text(object, "description") }
}

/// A text of an object; empty when there is none.
pub(super) fn text(object: &Value, key: &str) -> String {
    object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}
