//! Finding the one record that is meant by a name or an id.

use anyhow::{Result, bail};
use serde_json::Value;

use super::{Connection, Listing, text};
use crate::output::visible;

/// Records that people name one of.
pub(crate) struct Kind {
    /// The path of their list, below the API's prefix.
    pub(crate) path: &'static str,
    /// What one of them is called; with an `s`, what several are.
    pub(crate) called: &'static str,
    /// The command that lists them, in backticks.
    pub(crate) listed_by: &'static str,
}

/// The one record that a name or an id means. What has the form of an id is looked for as one first.
///
/// # Errors
/// When there is none, when several have the name, or when the server refuses.
pub(crate) async fn the_one(
    server: &Connection,
    kind: &Kind,
    query: &[(&str, Option<&str>)],
    name_or_id: &str,
) -> Result<Value> {
    if let Some(record) = with_id(server, kind.path, name_or_id).await? {
        return Ok(record);
    }
    the_only(kind, name_or_id, with_name(server, kind.path, query, name_or_id).await?)
}

/// The record of this id; none when there is no such one, or the text is no id.
///
/// # Errors
/// When the server does not answer or refuses.
pub(crate) async fn with_id(server: &Connection, path: &str, id: &str) -> Result<Option<Value>> {
    if keyholt_types::parse_uuid(id).is_none() {
        return Ok(None);
    }
    match server.get(&format!("{path}/{id}"), &[]).await {
        Err(error) if error.is_not_found() => Ok(None),
        answer => Ok(Some(answer?)),
    }
}

/// All records of this name.
///
/// # Errors
/// When the server does not answer or refuses.
pub(crate) async fn with_name(
    server: &Connection,
    path: &str,
    query: &[(&str, Option<&str>)],
    name: &str,
) -> Result<Vec<Value>> {
    let query = [query, &[("name", Some(name))]].concat();
    let mut found = server.list(&Listing::all(path, &query)).await?;
    // Nothing else must be taken for it, whatever the server makes of the filter.
    found.retain(|record| text(record, "name") == name);
    Ok(found)
}

/// The only one that was found.
///
/// # Errors
/// When there is none, and when there are several, with the id of each and what tells it from the others.
pub(crate) fn the_only(kind: &Kind, name: &str, mut found: Vec<Value>) -> Result<Value> {
    let (called, name) = (kind.called, visible(name));
    match (found.pop(), found.is_empty()) {
        (Some(record), true) => Ok(record),
        (None, _) => {
            bail!("there is no {called} {name}\n  {} shows those that this API key may see", kind.listed_by)
        }
        (Some(last), false) => {
            found.push(last);
            let each: Vec<String> = found.iter().map(told_apart).collect();
            bail!(
                "several {called}s have the name {name}; say which with --org, or give the id of one:\n  {}",
                each.join("\n  ")
            )
        }
    }
}

fn told_apart(record: &Value) -> String {
    let known = ["id", "kind", "shown", "email", "created_at"].map(|member| text(record, member));
    let known: Vec<_> = known.into_iter().filter(|text| !text.is_empty()).map(visible).collect();
    known.join("  ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEYS: Kind = Kind { path: "api-keys", called: "API key", listed_by: "`keyholt key list`" };

    #[test]
    fn one_record_is_the_one_and_none_is_an_error_that_says_where_to_look() {
        assert_eq!(the_only(&KEYS, "ci", vec![json!({"id": "1"})]).unwrap(), json!({"id": "1"}));
        let refused = the_only(&KEYS, "ci\u{1b}", Vec::new()).unwrap_err().to_string();
        assert_eq!(
            refused,
            "there is no API key ci\\u{1b}\n  `keyholt key list` shows those that this API key may see"
        );
    }

    #[test]
    fn of_several_records_each_is_told_from_the_others() {
        let found = vec![json!({"id": "1", "shown": "khk_aaaa"}), json!({"id": "2", "email": "a@example.com"})];
        let refused = the_only(&KEYS, "ci", found).unwrap_err().to_string();
        assert!(refused.starts_with("several API keys have the name ci; "), "{refused}");
        assert!(refused.ends_with(":\n  1  khk_aaaa\n  2  a@example.com"), "{refused}");
    }
}
