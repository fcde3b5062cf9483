//! Rights, as they are given on the command line and as people read them.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use keyholt_types::{Right, Role};
use serde_json::{Map, Value, json};

use crate::client::{list, text};

/// What somebody may do. Where it must be said, the command makes the group `GivenRights` required.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct GivenRights {
    /// What it may do, as a bundle of rights
    #[arg(long, value_parser = PossibleValuesParser::new(Role::ALL.map(explained_role)))]
    role: Option<String>,

    /// What it may do, right by right, such as read,use
    #[arg(long, value_name = "RIGHTS", value_delimiter = ',',
          value_parser = PossibleValuesParser::new(Right::ALL.map(explained_right)))]
    rights: Option<Vec<String>>,
}

impl GivenRights {
    /// Whether any are.
    pub(crate) const fn are_given(&self) -> bool {
        self.role.is_some() || self.rights.is_some()
    }

    /// Puts them into a request's body.
    pub(crate) fn put_into(&self, body: &mut Map<String, Value>) {
        if let Some(role) = &self.role {
            body.insert("role".to_owned(), json!(role));
        }
        if let Some(rights) = &self.rights {
            body.insert("rights".to_owned(), json!(rights));
        }
    }
}

fn explained_role(role: Role) -> PossibleValue {
    PossibleValue::new(role.word()).help(match role {
        Role::Owner => "all rights",
        Role::Engineer => "read, write and use secrets",
        Role::Viewer => "read everything but values",
        Role::App => "use secrets without seeing their values",
        Role::Resolver => "use secrets and be given their values",
    })
}

fn explained_right(right: Right) -> PossibleValue {
    PossibleValue::new(right.word()).help(match right {
        Right::Read => "see everything but values",
        Right::Write => "make, change and delete secrets",
        Right::Use => "have values sent to their providers without seeing them",
        Right::Reveal => "be given values",
        Right::Admin => "members, API keys, projects, the audit log",
    })
}

/// What is allowed in each organisation of a list: `research: engineer; search: read, reveal`.
pub(crate) fn in_each_org(orgs: &[Value]) -> String {
    orgs.iter().map(in_org).collect::<Vec<_>>().join("; ")
}

/// What is allowed in an organisation: `research: engineer`. A role's name stands for its rights.
pub(crate) fn in_org(org: &Value) -> String {
    let name = match text(org, "name") {
        "" => text(org, "id"),
        name => name,
    };
    let suspended = if text(org, "suspended_at").is_empty() { "" } else { " (suspended)" };
    format!("{name}: {}{suspended}", in_words(list(org, "rights")))
}

fn in_words(rights: &[Value]) -> String {
    let words: Vec<&str> = rights.iter().filter_map(Value::as_str).collect();
    match Role::ALL.into_iter().find(|role| role.rights().words() == words) {
        Some(role) => role.word().to_owned(),
        None if words.is_empty() => "nothing".to_owned(),
        None => words.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_a_role_where_there_is_one_for_them() {
        for (rights, words) in [
            (json!(["read", "write", "use", "reveal", "admin"]), "owner"),
            (json!(["use"]), "app"),
            (json!(["read", "reveal"]), "read, reveal"),
            (json!([]), "nothing"),
        ] {
            assert_eq!(in_words(rights.as_array().unwrap()), words);
        }
    }

    #[test]
    fn each_organisation_has_its_rights_and_a_mark_when_they_are_suspended() {
        let orgs = [
            json!({"id": "1", "name": "research", "rights": ["read", "write"], "suspended_at": null}),
            json!({"id": "2", "rights": ["use"], "suspended_at": "2026-11-21T00:00:00.000Z"}),
        ];
        assert_eq!(in_each_org(&orgs), "research: read, write; 2: app (suspended)");
    }
}
