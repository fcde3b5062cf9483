//! What is there: all rows, whole, and the values of those that were written last.

use std::collections::{BTreeMap, BTreeSet};

use keyholt_testkit::{Answer, Client, Deadline};
use serde_json::Value;

use super::installation::PATIENCE;
use super::model::{Row, Rows};
use super::worker::value_of;

/// All rows of workers, by the worker they belong to.
///
/// # Errors
/// In words, when a row is half written or does not open.
pub(super) fn survey(client: &mut Client) -> Result<BTreeMap<usize, Rows>, String> {
    let mut there: BTreeMap<usize, Rows> = BTreeMap::new();
    let mut target = "/v1/ai_secret?limit=1000".to_owned();
    loop {
        let page = page(client, &target)?;
        let Some(last) = page.last() else { return Ok(there) };
        target = format!("/v1/ai_secret?limit=1000&starting_after={}", text(last, "id"));
        for object in page {
            let name = text(&object, "name");
            let Some((number, _)) = name.strip_prefix('w').and_then(|rest| rest.split_once('-')) else {
                continue;
            };
            let number = number.parse().map_err(|_| format!("nobody's row: {object}"))?;
            there.entry(number).or_default().insert(name, row(&object)?);
        }
    }
}

/// Reveals the values of these rows.
///
/// # Errors
/// In words, when one does not open, or is another's.
pub(super) fn reveal(
    client: &mut Client,
    rows: &BTreeMap<usize, Rows>,
    ids: &BTreeSet<&str>,
) -> Result<usize, String> {
    let mut revealed = 0;
    for row in rows.values().flat_map(BTreeMap::values).filter(|row| ids.contains(row.id.as_str())) {
        let target = format!("/keyholt/v1/secrets/{}/reveal", row.id);
        let answer = ask(client, "POST", &target, Some(b"{}"))?;
        if answer.status != 200 || !answer.text().contains(&value_of(&row.stamp)) {
            return Err(format!("{row:?} does not open: {}", answer.status));
        }
        revealed += 1;
    }
    Ok(revealed)
}

/// One page of a list.
///
/// # Errors
/// In words, when there is none.
fn page(client: &mut Client, target: &str) -> Result<Vec<Value>, String> {
    let answer = ask(client, "GET", target, None)?;
    match answer.json().get_mut("objects").map(Value::take) {
        Some(Value::Array(objects)) => Ok(objects),
        _ => Err(format!("GET {target}: {} {}", answer.status, answer.text())),
    }
}

/// Asks until it is not refused for now: a machine that is short of time is no loss.
fn ask(client: &mut Client, method: &str, target: &str, body: Option<&[u8]>) -> Result<Answer, String> {
    let asked = Deadline::after(PATIENCE).poll(|| match client.send(method, target, body) {
        Ok(answer) if answer.status == 503 => None,
        other => Some(other),
    });
    let answered = asked.ok_or_else(|| format!("{method} {target}: 503 again and again"))?;
    answered.map_err(|error| format!("{method} {target}: {error}"))
}

fn row(object: &Value) -> Result<Row, String> {
    let stamp = text(object, "type");
    let value = value_of(&stamp);
    let tail = value.get(value.len().saturating_sub(4)..).unwrap_or_default();
    let is_whole = object.pointer("/metadata/stamp").and_then(Value::as_str) == Some(&stamp)
        && text(object, "preview_secret") == format!("********{tail}");
    if is_whole { Ok(Row { id: text(object, "id"), stamp }) } else { Err(format!("half written: {object}")) }
}

/// A text of an object; empty when there is none.
pub(super) fn text(object: &Value, key: &str) -> String {
    object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}
