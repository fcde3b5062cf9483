//! A secret as people read it.

use serde_json::Value;

use crate::client::text;
use crate::table::Table;

/// Whether the record does not open: damaged or tampered with.
pub(super) fn is_locked(secret: &Value) -> bool {
    secret.get("locked").and_then(Value::as_bool).unwrap_or(false)
}

/// All that is known of one secret, a line each.
pub(super) fn in_full(secret: &Value) -> String {
    let mut table = Table::of_one();
    let number = |member: &str| secret.get(member).and_then(Value::as_i64).unwrap_or_default().to_string();
    let mut line = |title: &str, shown: &str| {
        if !shown.is_empty() {
            table.row([title, shown]);
        }
    };
    line("name", text(secret, "name"));
    line("id", text(secret, "id"));
    line("type", text(secret, "type"));
    line("value", if is_locked(secret) { "locked" } else { value_in_words(secret) });
    line("description", text(secret, "description"));
    if let Some(metadata) = secret.get("metadata").filter(|metadata| !metadata.is_null()) {
        line("metadata", &metadata.to_string());
    }
    line("bound to", text(secret, "bound_to"));
    line("not usable", text(secret, "unusable"));
    line("organisation", text(secret, "org_id"));
    line("version", &number("version"));
    line("created", text(secret, "created_at"));
    line("changed", text(secret, "updated_at"));
    line("value written", text(secret, "value_updated_at"));
    line("expires", text(secret, "expires_at"));
    table.text()
}

/// What may be shown of the value.
pub(super) fn value_in_words(secret: &Value) -> &str {
    if is_locked(secret) {
        return "locked";
    }
    match text(secret, "preview") {
        "" => "none",
        preview => preview,
    }
}
