//! What `POST api-keys` reads.

use keyholt_engine::{NewApiKey, NewKeyRights};
use keyholt_types::{FieldProblem, OrgName, PrincipalId};
use utoipa::ToSchema;

use super::grant::{take_orgs, take_rights};
use super::restriction::take_restriction;
use crate::fields::{Fields, required};
use crate::refusal::Refusal;

/// The longest life of an API key that ends at all: ten years, in seconds.
const MAX_LIFETIME: i64 = 315_360_000;

const LIFETIME_RULE: &str = "an integer between 1 and 315360000";

/// An API key to be issued. Either `role` or `rights` says what it may do.
#[derive(ToSchema)]
#[schema(as = NewApiKey)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct NewApiKeyBody {
    /// Its name; the service account that is made for it gets the same.
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    /// The id of the user or service account that it is to stand for; a service account of its own is made when
    /// absent.
    #[schema(format = "uuid")]
    principal: Option<String>,
    /// The names of its organisations; required when the caller belongs to several.
    #[schema(max_items = 100)]
    orgs: Option<Vec<String>>,
    /// A bundle of rights in each of them: `owner` (all), `engineer` (read, write, use), `viewer` (read), `app` (use),
    /// `resolver` (use, reveal).
    role: Option<String>,
    /// Its rights in each of them: some of `read`, `write`, `use`, `reveal`, `admin`.
    #[schema(min_items = 1)]
    rights: Option<Vec<String>>,
    /// Its project, in the first of the organisations; `default` when absent.
    project: Option<String>,
    /// Patterns of the names of the secrets that it may touch: `*` stands for any number of characters, `?` for one;
    /// 1 to 256 characters each.
    #[schema(min_items = 1, max_items = 100)]
    names: Option<Vec<String>>,
    /// The types of the secrets that it may touch, exactly.
    #[schema(min_items = 1, max_items = 100)]
    types: Option<Vec<String>>,
    /// The addresses and networks that it may be used from, such as `192.0.2.7` and `10.0.0.0/8`.
    #[schema(min_items = 1, max_items = 100)]
    addresses: Option<Vec<String>>,
    /// Whether it bears the operator's mark; only operators give it.
    operator: Option<bool>,
    /// How long it is valid; when absent as long as the key that it is made with.
    #[schema(minimum = 1, maximum = 315_360_000)]
    expires_in_seconds: Option<i64>,
}

pub(super) const NEW_API_KEY: &[&str] = &[
    "name",
    "principal",
    "orgs",
    "role",
    "rights",
    "project",
    "names",
    "types",
    "addresses",
    "operator",
    "expires_in_seconds",
];

/// Reads it.
///
/// # Errors
/// 400 for an unknown field, without a name or rights, and for the first field that is not as it must be.
pub(super) fn new_api_key(body: &[u8]) -> Result<NewApiKey, Refusal> {
    let mut fields = Fields::parse(body, NEW_API_KEY)?;
    fields.reject_unknown()?;
    let uuid = |text: &str| PrincipalId::parse(text).ok_or(FieldProblem::MustBe("a UUID"));
    Ok(NewApiKey {
        name: required("name", fields.take_parsed("name", OrgName::parse)?)?,
        principal: fields.take_parsed("principal", uuid)?,
        orgs: take_orgs(&mut fields)?,
        project: fields.take_string("project")?.map(Into::into),
        rights: NewKeyRights::Exactly(required("role", take_rights(&mut fields)?)?),
        restriction: take_restriction(&mut fields)?,
        operator: fields.take_bool("operator")?.unwrap_or_default(),
        replaces_namesakes: false,
        lifetime_seconds: take_lifetime(&mut fields)?,
    })
}

fn take_lifetime(fields: &mut Fields) -> Result<Option<i64>, Refusal> {
    let seconds = fields.take_integer("expires_in_seconds", LIFETIME_RULE)?;
    if seconds.is_some_and(|seconds| !(1..=MAX_LIFETIME).contains(&seconds)) {
        return Err(Refusal::field("expires_in_seconds", FieldProblem::MustBe(LIFETIME_RULE)));
    }
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use keyholt_types::{Restriction, Role};
    use serde_json::{Value, json};

    use super::*;

    fn parse(body: &Value) -> Result<NewApiKey, String> {
        new_api_key(body.to_string().as_bytes()).map_err(|refusal| refusal.message().into_owned())
    }

    /// The least that makes a key, with one field more.
    fn with(field: &str, value: Value) -> Value {
        let mut body = json!({"name": "ci", "role": "app"});
        body[field] = value;
        body
    }

    #[test]
    fn a_key_needs_a_name_and_rights_and_nothing_else() {
        let new = parse(&json!({"name": "ci", "role": "app"})).unwrap();
        assert_eq!(new.rights, NewKeyRights::Exactly(Role::App.rights()));
        assert_eq!((new.principal, new.operator, new.lifetime_seconds), (None, false, None));
        assert_eq!((new.orgs.len(), new.project, new.restriction), (0, None, Restriction::default()));
        for (body, message) in [
            (json!({"name": "ci"}), "role is required"),
            (json!({"role": "app"}), "name is required"),
            (with("rights", json!(["use"])), "role and rights must not both be given"),
            (with("expires", json!(1)), "expires must be left out: there is no such field"),
        ] {
            assert_eq!(parse(&body).unwrap_err(), message);
        }
    }

    #[test]
    fn a_key_can_be_for_somebody_narrowed_and_an_operators() {
        let mut body = with("principal", json!(PrincipalId::MAX));
        body["names"] = json!(["OPENAI_*"]);
        body["types"] = json!(["openai"]);
        body["addresses"] = json!(["10.0.0.0/8"]);
        body["operator"] = json!(true);
        let new = parse(&body).unwrap();
        assert!(new.principal == Some(PrincipalId::MAX) && new.operator);
        let Restriction { names, types, addresses } = new.restriction;
        assert_eq!((names.len(), types.len(), addresses.len()), (1, 1, 1));
    }

    #[test]
    fn fields_have_bounds() {
        for seconds in [1, MAX_LIFETIME] {
            let new = parse(&with("expires_in_seconds", json!(seconds))).unwrap();
            assert_eq!(new.lifetime_seconds, Some(seconds));
        }
        for seconds in [json!(0), json!(-1), json!(MAX_LIFETIME + 1), json!("60"), json!(60.0)] {
            let message = parse(&with("expires_in_seconds", seconds)).unwrap_err();
            assert_eq!(message, "expires_in_seconds must be an integer between 1 and 315360000");
        }
        for (field, value, message) in [
            ("principal", json!("ci"), "principal must be a UUID"),
            ("operator", json!("yes"), "operator must be true or false"),
            ("names", json!([""]), "names.0 must not be empty"),
            ("addresses", json!([]), "addresses must be a list of 1 to 100 strings"),
        ] {
            assert_eq!(parse(&with(field, value)).unwrap_err(), message);
        }
    }
}
