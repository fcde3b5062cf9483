//! What API keys and members are given: rights, and the organisations where they hold.

use keyholt_types::{FieldProblem, Right, Rights, Role};

use crate::fields::Fields;
use crate::refusal::Refusal;

/// The most organisations that can be named at once.
const MAX_ORGS: usize = 100;

/// Takes `orgs`, the names of organisations; empty when none are given.
///
/// # Errors
/// 400 when it is no list of at most 100 strings.
pub(super) fn take_orgs(fields: &mut Fields) -> Result<Vec<Box<str>>, Refusal> {
    let orgs = fields.take_strings("orgs")?.unwrap_or_default();
    if orgs.len() > MAX_ORGS {
        return Err(Refusal::field("orgs", FieldProblem::MustBe("a list of at most 100 names")));
    }
    Ok(orgs.into_iter().map(Into::into).collect())
}

/// Takes `role`, a bundle of rights, or `rights`, a list of them.
///
/// # Errors
/// 400 when both are given, and for a word that stands for nothing.
pub(super) fn take_rights(fields: &mut Fields) -> Result<Option<Rights>, Refusal> {
    let role = |word: &str| {
        Role::parse(word).ok_or(FieldProblem::MustBe("one of owner, engineer, viewer, app and resolver"))
    };
    match (fields.take_parsed("role", role)?, fields.take_strings("rights")?) {
        (Some(role), None) => Ok(Some(role.rights())),
        (None, Some(words)) => parse_rights(&words).map(Some).ok_or(Refusal::field(
            "rights",
            FieldProblem::MustBe("a list of at least one of read, write, use, reveal and admin"),
        )),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Refusal::Request("role and rights must not both be given")),
    }
}

fn parse_rights(words: &[String]) -> Option<Rights> {
    let right = |word: &String| Right::ALL.into_iter().find(|right| right.word() == word);
    let rights: Vec<Right> = words.iter().map(right).collect::<Option<_>>()?;
    (!rights.is_empty()).then(|| Rights::of(&rights))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn take<T>(body: &Value, take: impl Fn(&mut Fields) -> Result<T, Refusal>) -> Result<T, String> {
        let fields = Fields::parse(body.to_string().as_bytes(), &["orgs", "role", "rights"]);
        let taken = fields.and_then(|mut fields| take(&mut fields));
        taken.map_err(|refusal| refusal.message().into_owned())
    }

    #[test]
    fn rights_come_from_a_role_or_from_a_list() {
        assert_eq!(take(&json!({"role": "app"}), take_rights), Ok(Some(Role::App.rights())));
        let listed = take(&json!({"rights": ["use", "read", "use"]}), take_rights);
        assert_eq!(listed, Ok(Some(Rights::of(&[Right::Read, Right::Use]))));
        assert_eq!(take(&json!({}), take_rights), Ok(None));
        let both = take(&json!({"role": "app", "rights": ["use"]}), take_rights);
        assert_eq!(both.unwrap_err(), "role and rights must not both be given");
    }

    #[test]
    fn a_word_that_stands_for_nothing_gives_nothing() {
        for role in ["root", "Owner", ""] {
            let message = take(&json!({"role": role}), take_rights).unwrap_err();
            assert_eq!(message, "role must be one of owner, engineer, viewer, app and resolver");
        }
        for rights in [json!([]), json!(["root"]), json!(["read", "Use"])] {
            let message = take(&json!({"rights": rights}), take_rights).unwrap_err();
            assert_eq!(message, "rights must be a list of at least one of read, write, use, reveal and admin");
        }
    }

    #[test]
    fn organisations_are_a_list_of_names() {
        assert_eq!(take(&json!({}), take_orgs), Ok(Vec::new()));
        assert_eq!(take(&json!({"orgs": ["acme", "beta"]}), take_orgs).unwrap().len(), 2);
        let many = take(&json!({"orgs": vec!["acme"; MAX_ORGS + 1]}), take_orgs);
        assert_eq!(many.unwrap_err(), "orgs must be a list of at most 100 names");
    }
}
