//! What members are called.

use keyholt_engine::PrincipalKind;
use serde_json::Value;

use crate::client::find::Kind;
use crate::client::text;

/// Members of a kind, or of any, as people name one.
pub(super) const fn named(kind: Option<PrincipalKind>) -> Kind {
    let (called, listed_by) = match kind {
        Some(PrincipalKind::User) => ("user", "`keyholt user list`"),
        Some(PrincipalKind::ServiceAccount) => ("service account", "`keyholt service-account list`"),
        None => ("member", "`keyholt user list` or `keyholt service-account list`"),
    };
    Kind { path: "principals", called, listed_by }
}

/// What a member is: `user` or `service account`.
pub(crate) fn kind_in_words(member: &Value) -> &str {
    match PrincipalKind::parse(text(member, "kind")) {
        Some(kind) => named(Some(kind)).called,
        None => text(member, "kind"),
    }
}
