//! What `POST` and `PATCH principals` read.

use keyholt_engine::{MemberPatch, NewPrincipal, PrincipalKind};
use keyholt_types::{EmailAddress, FieldProblem, OrgName};
use utoipa::ToSchema;

use super::grant::{take_orgs, take_rights};
use crate::fields::{Fields, required};
use crate::refusal::Refusal;

/// A user or service account to be made. Either `role` or `rights` says what it may do.
#[derive(ToSchema)]
#[schema(as = NewPrincipal)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct NewPrincipalBody {
    /// `user` or `service_account`.
    kind: String,
    /// Its name; several may have the same.
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    /// Its electronic mail address, for people to read.
    #[schema(min_length = 3, max_length = 254)]
    email: Option<String>,
    /// The names of the organisations that it becomes a member of; required when the caller belongs to several.
    #[schema(max_items = 100)]
    orgs: Option<Vec<String>>,
    /// A bundle of rights in each of them: `owner` (all), `engineer` (read, write, use), `viewer` (read), `app` (use),
    /// `resolver` (use, reveal).
    role: Option<String>,
    /// Its rights in each of them: some of `read`, `write`, `use`, `reveal`, `admin`.
    #[schema(min_items = 1)]
    rights: Option<Vec<String>>,
}

pub(super) const NEW_PRINCIPAL: &[&str] = &["kind", "name", "email", "orgs", "role", "rights"];

/// Reads it.
///
/// # Errors
/// 400 for an unknown field, without kind, name or rights, and for the first field that is not as it must be.
pub(super) fn new_principal(body: &[u8]) -> Result<NewPrincipal, Refusal> {
    let mut fields = Fields::parse(body, NEW_PRINCIPAL)?;
    fields.reject_unknown()?;
    Ok(NewPrincipal {
        kind: required("kind", fields.take_parsed("kind", parse_kind)?)?,
        name: required("name", fields.take_parsed("name", OrgName::parse)?)?,
        email: fields.take_parsed("email", parse_email)?,
        orgs: take_orgs(&mut fields)?,
        rights: required("role", take_rights(&mut fields)?)?,
    })
}

/// What to change of a user or service account; what is absent stays, and so does what is null, but for `email`.
#[derive(ToSchema)]
#[schema(as = PrincipalPatch)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct PrincipalPatchBody {
    /// A new name, in all organisations: needs the right `admin` in each of them.
    #[schema(min_length = 1, max_length = 128)]
    name: Option<String>,
    /// A new electronic mail address, in all organisations; null for none.
    #[schema(min_length = 3, max_length = 254)]
    email: Option<String>,
    /// Other rights in the organisation, as a bundle.
    role: Option<String>,
    /// Other rights in the organisation, as a list.
    #[schema(min_items = 1)]
    rights: Option<Vec<String>>,
    /// Whether it may do nothing in the organisation until it is taken back in.
    suspended: Option<bool>,
    /// The name of the organisation in which rights and suspension are meant; required when it is a member of several
    /// that the caller administers. With `role` or `rights` it becomes a member of an organisation where it is none.
    org: Option<String>,
}

pub(super) const PRINCIPAL_PATCH: &[&str] = &["name", "email", "role", "rights", "suspended", "org"];

/// Reads it, and the name of the organisation that is meant.
///
/// # Errors
/// 400 for an unknown field, for the first field that is not as it must be, and for an organisation in which
/// nothing is to be changed.
pub(super) fn principal_patch(mut fields: Fields) -> Result<(Option<String>, MemberPatch), Refusal> {
    fields.reject_unknown()?;
    let patch = MemberPatch {
        name: fields.take_parsed("name", OrgName::parse)?,
        email: fields.take_patch("email", parse_email)?,
        rights: take_rights(&mut fields)?,
        suspended: fields.take_bool("suspended")?,
    };
    let org = fields.take_string("org")?;
    if org.is_some() && patch.rights.is_none() && patch.suspended.is_none() {
        return Err(Refusal::field("org", FieldProblem::MustBe("given only with role, rights or suspended")));
    }
    Ok((org, patch))
}

/// Reads a kind.
///
/// # Errors
/// When it is none.
pub(super) fn parse_kind(word: &str) -> Result<PrincipalKind, FieldProblem> {
    PrincipalKind::parse(word).ok_or(FieldProblem::MustBe("one of user and service_account"))
}

fn parse_email(text: &str) -> Result<Box<str>, FieldProblem> {
    EmailAddress::parse(text).map(|address| address.as_str().into())
}

#[cfg(test)]
mod tests {
    use keyholt_types::{Patch, Right, Rights, Role};
    use serde_json::{Value, json};

    use super::*;

    fn new(body: &Value) -> Result<NewPrincipal, String> {
        new_principal(body.to_string().as_bytes()).map_err(|refusal| refusal.message().into_owned())
    }

    fn patch(body: &Value) -> Result<(Option<String>, MemberPatch), String> {
        let fields = Fields::parse(body.to_string().as_bytes(), PRINCIPAL_PATCH);
        fields.and_then(principal_patch).map_err(|refusal| refusal.message().into_owned())
    }

    #[test]
    fn a_principal_has_a_kind_a_name_and_rights() {
        let made = new(&json!({"kind": "user", "name": "Ada", "email": "ada@example.com", "role": "viewer"}));
        let made = made.unwrap();
        assert_eq!((made.kind, made.name.as_str()), (PrincipalKind::User, "Ada"));
        assert_eq!((made.email.as_deref(), made.rights), (Some("ada@example.com"), Role::Viewer.rights()));
        let made = new(&json!({"kind": "service_account", "name": "ci", "rights": ["use"], "orgs": ["acme"]}));
        let made = made.unwrap();
        assert_eq!((made.kind, made.email, made.orgs.len()), (PrincipalKind::ServiceAccount, None, 1));
        for (body, message) in [
            (json!({"name": "x", "role": "app"}), "kind is required"),
            (
                json!({"kind": "robot", "name": "x", "role": "app"}),
                "kind must be one of user and service_account",
            ),
            (json!({"kind": "user", "role": "app"}), "name is required"),
            (json!({"kind": "user", "name": "", "role": "app"}), "name must not be empty"),
            (json!({"kind": "user", "name": "x"}), "role is required"),
            (
                json!({"kind": "user", "name": "x", "role": "app", "email": "x"}),
                "email must be an e-mail address such as ada@example.com",
            ),
            (
                json!({"kind": "user", "name": "x", "role": "app", "password": "x"}),
                "password must be left out: there is no such field",
            ),
        ] {
            assert_eq!(new(&body).unwrap_err(), message);
        }
    }

    #[test]
    fn a_patch_changes_only_what_is_given() {
        let (org, nothing) = patch(&json!({})).unwrap();
        assert!(org.is_none() && nothing.name.is_none() && nothing.email == Patch::Keep);
        assert!(nothing.rights.is_none() && nothing.suspended.is_none());
        let (_, cleared) =
            patch(&json!({"name": null, "email": null, "role": null, "suspended": null})).unwrap();
        assert!(cleared.name.is_none() && cleared.email == Patch::Clear);
        assert!(cleared.rights.is_none() && cleared.suspended.is_none());
        let given =
            json!({"name": "Ada", "email": "a@b", "rights": ["use"], "suspended": false, "org": "acme"});
        let (org, given) = patch(&given).unwrap();
        assert_eq!((org.as_deref(), given.name.unwrap().as_str()), (Some("acme"), "Ada"));
        assert_eq!((given.email, given.suspended), (Patch::Set("a@b".into()), Some(false)));
        assert_eq!(given.rights, Some(Rights::of(&[Right::Use])));
    }

    #[test]
    fn an_organisation_is_named_only_where_something_changes_there() {
        for body in [json!({"org": "acme"}), json!({"org": "acme", "name": "Ada"})] {
            assert_eq!(patch(&body).unwrap_err(), "org must be given only with role, rights or suspended");
        }
        for (body, message) in [
            (json!({"suspended": 1}), "suspended must be true or false"),
            (json!({"kind": "user"}), "kind must be left out: there is no such field"),
            (json!({"role": "app", "rights": ["use"]}), "role and rights must not both be given"),
        ] {
            assert_eq!(patch(&body).unwrap_err(), message);
        }
    }
}
