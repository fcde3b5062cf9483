//! A key to be issued, as this wire asks for it (wire/braintrust.md 7.4).

use keyholt_engine::{NewApiKey, NewKeyRights};
use keyholt_types::{Caller, FieldProblem, OrgName, PrincipalId, Restriction};

use crate::fields::{Fields, required};
use crate::refusal::Refusal;

/// What every such body has. Other fields are ignored.
pub(super) struct NewKey {
    pub(super) name: OrgName,
    pub(super) org_name: Option<String>,
}

impl NewKey {
    /// Takes them.
    ///
    /// # Errors
    /// 400 naming the field that is not as it must be.
    pub(super) fn take(fields: &mut Fields) -> Result<Self, Refusal> {
        Ok(Self {
            name: required("name", fields.take_parsed("name", OrgName::parse)?)?,
            org_name: fields.take_string("org_name")?,
        })
    }

    /// What to ask the engine for: a key that stands for this principal and may do all that it and the caller may.
    /// It gets the caller's project where that is one of the same organisation.
    pub(super) fn for_principal(
        self,
        caller: &Caller,
        principal: PrincipalId,
        replaces_namesakes: bool,
    ) -> NewApiKey {
        let own = &caller.identity.project;
        let is_own_org = caller
            .identity
            .grant_in(own.org)
            .is_some_and(|grant| self.org_name.as_ref().is_none_or(|name| *grant.org_name == **name));
        NewApiKey {
            name: self.name,
            principal: Some(principal),
            orgs: self.org_name.into_iter().map(Into::into).collect(),
            project: is_own_org.then(|| own.name.clone()),
            rights: NewKeyRights::AllPossible,
            restriction: Restriction::default(),
            operator: false,
            replaces_namesakes,
            lifetime_seconds: None,
        }
    }
}

/// Takes an id.
///
/// # Errors
/// 400 when there is none, or it is no UUID.
pub(super) fn take_id<Id>(
    fields: &mut Fields,
    name: &'static str,
    parse: impl Fn(&str) -> Option<Id>,
) -> Result<Id, Refusal> {
    let parse = |text: &str| parse(text).ok_or(FieldProblem::MustBe("a UUID"));
    required(name, fields.take_parsed(name, parse)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(body: &str) -> Result<String, String> {
        let fields = Fields::parse_optional(body.as_bytes(), &["name", "org_name"]);
        let new = fields.and_then(|mut fields| NewKey::take(&mut fields));
        new.map(|new| new.name.as_str().to_owned()).map_err(|refusal| refusal.message().into_owned())
    }

    #[test]
    fn a_name_has_1_to_128_characters_and_other_fields_are_ignored() {
        let sized = |count: usize| format!(r#"{{"name":"{}","rights":["admin"],"x":null}}"#, "n".repeat(count));
        assert_eq!(name(&sized(1)), Ok("n".into()));
        assert_eq!(name(&sized(128)), Ok("n".repeat(128)));
        assert_eq!(name(&sized(129)), Err("name must not be longer than 128 characters".into()));
        assert_eq!(name(&sized(0)), Err("name must not be empty".into()));
        for none in ["", "{}", r#"{"name":null}"#] {
            assert_eq!(name(none), Err("name is required".into()));
        }
        assert_eq!(name(r#"{"name":"a\tb"}"#), Err("name must not contain control characters".into()));
        assert_eq!(name(r#"{"name":"a","org_name":7}"#), Err("org_name must be a string".into()));
    }
}
