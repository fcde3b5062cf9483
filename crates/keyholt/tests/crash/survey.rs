//! What is there: all rows of both collections, as the wires and the native API show them.

use std::collections::BTreeMap;

use keyholt_testkit::Client;
use serde_json::Value;

use crate::model::{Row, Rows, Wire};
use crate::worker::value_of;

/// All rows, by the worker they belong to.
///
/// # Errors
/// In words, when a row is half written or does not open.
pub(crate) fn survey(client: &mut Client) -> Result<BTreeMap<usize, Rows>, String> {
    let mut there: BTreeMap<usize, Rows> = BTreeMap::new();
    let mut keep = |object: &Value, row: Row| {
        let number = row.name.strip_prefix('w').and_then(|rest| rest.split('-').next()?.parse().ok());
        let number = number.ok_or_else(|| format!("nobody's row: {object}"))?;
        there.entry(number).or_default().insert(text(object, "id"), row);
        Ok::<(), String>(())
    };
    for object in list(client, "/v1/ai_secret", "objects")? {
        keep(&object, org_row(&object)?)?;
    }
    for object in list(client, "/v1/deployments/secrets", "data")? {
        keep(&object, project_row(&object))?;
    }
    Ok(there)
}

/// Whether the native API shows every one of the organisation's rows open; gives their number.
///
/// # Errors
/// In words, when one is locked.
pub(crate) fn count_open(client: &mut Client) -> Result<usize, String> {
    let mut count = 0;
    let mut target = "/keyholt/v1/secrets?limit=1000".to_owned();
    loop {
        let page = list(client, &target, "objects")?;
        let Some(last) = page.last() else { return Ok(count) };
        target = format!("/keyholt/v1/secrets?limit=1000&starting_after={}", text(last, "id"));
        count += page.len();
        if let Some(locked) = page.iter().find(|object| object["locked"] != false) {
            return Err(format!("does not open: {locked}"));
        }
    }
}

fn list(client: &mut Client, target: &str, key: &str) -> Result<Vec<Value>, String> {
    let answer = client.send("GET", target, None).map_err(|error| format!("GET {target}: {error}"))?;
    match answer.json().get_mut(key).map(Value::take) {
        Some(Value::Array(objects)) => Ok(objects),
        _ => Err(format!("GET {target}: {} {}", answer.status, answer.text())),
    }
}

fn org_row(object: &Value) -> Result<Row, String> {
    let stamp = text(object, "type");
    let tail = &value_of(&stamp)[value_of(&stamp).len() - 4..];
    let is_whole =
        object["metadata"]["stamp"] == stamp.as_str() && object["preview_secret"] == format!("********{tail}");
    let row = Row { wire: Wire::Braintrust, name: text(object, "name"), stamp };
    if is_whole { Ok(row) } else { Err(format!("half written: {object}")) }
}

fn project_row(object: &Value) -> Row {
    Row { wire: Wire::Together, name: text(object, "name"), stamp: text(object, "description") }
}

fn text(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_default().to_owned()
}
