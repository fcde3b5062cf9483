//! A member as people read it.

use serde_json::Value;

use super::kind::kind_in_words;
use crate::client::{list, text};
use crate::rights;
use crate::table::Table;

/// All that is known of one member, a line each.
pub(super) fn in_full(member: &Value) -> String {
    let mut table = Table::of_one();
    let mut line = |title: &str, shown: &str| {
        if !shown.is_empty() {
            table.row([title, shown]);
        }
    };
    line("name", text(member, "name"));
    line("id", text(member, "id"));
    line("kind", kind_in_words(member));
    line("email", text(member, "email"));
    line("tokens of", text(member, "issuer"));
    for membership in list(member, "memberships") {
        line("may in", &rights::in_org(membership));
        line("suspended", text(membership, "suspended_at"));
    }
    line("created", text(member, "created_at"));
    table.text()
}
