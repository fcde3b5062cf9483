//! `POST secrets/{id}/reveal` and `POST secrets/reveal`: values, for those who must hold them.

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{Operation, OrgChoice, RevealedSecret, Revelation};
use keyholt_types::{FieldProblem, SecretId, SecretValue};
use serde::Serialize;
use utoipa::ToSchema;

use super::page::{PathId, parse_id};
use super::refusals::require;
use super::secret::Secret;
use super::secrets::TEXTS;
use crate::answer;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::fields::Fields;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// The most names that are asked for together.
const MOST_NAMES: usize = 1000;

/// A secret with its value.
#[derive(Serialize, ToSchema)]
struct Revealed<'a> {
    #[serde(flatten)]
    secret: Secret,
    /// The value, byte for byte as it was written; null without one.
    #[schema(value_type = Option<String>, required)]
    value: Option<&'a str>,
}

/// Secrets with their values.
#[derive(Serialize, ToSchema)]
struct AllRevealed<'a> {
    /// All of them; there are no pages.
    objects: Vec<Revealed<'a>>,
}

impl<'a> Revealed<'a> {
    fn new(RevealedSecret { secret, value }: &'a RevealedSecret) -> Self {
        #[expect(clippy::disallowed_methods, reason = "EXPOSE: to be given values is the right to reveal")]
        let value = value.as_ref().map(SecretValue::expose);
        Self { secret: Secret::from(secret.clone()), value }
    }
}

/// Reveal a secret: with its value. It is written to the audit log before it is answered.
#[utoipa::path(
    post,
    path = "/secrets/{id}/reveal",
    tag = "Secrets",
    operation_id = "revealSecret",
    params(("id" = String, Path, format = "uuid", description = "The secret's id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The secret with its value", body = Revealed<'static>), Refusals)
)]
pub(super) async fn reveal_secret(
    State(app): State<AppState>,
    caller: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::RevealSecrets)?;
    let revealed = app.engine.reveal_secret(&caller, parse_id(id, SecretId::parse)?).await;
    let revealed = revealed.map_err(|error| TEXTS.refusal(error))?;
    answer::json_with_values(&Revealed::new(&revealed)).map_err(|_| Refusal::Internal)
}

/// Which secrets to reveal.
#[derive(ToSchema)]
#[schema(as = Revelation)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct RevelationBody {
    /// Their names; all that the API key may reveal when absent.
    #[schema(max_items = 1000)]
    names: Option<Vec<String>>,
    /// The name of their organisation; all of the API key's when absent.
    org: Option<String>,
    /// Whether the secrets of the API key's project are meant, instead of its organisations'.
    project: Option<bool>,
}

pub(super) const REVELATION: &[&str] = &["names", "org", "project"];

/// Reveal secrets together: those that have a value and that the API key may reveal, at most 1000.
///
/// Names that there are not, or not for this API key, are left out. It is written to the audit log before it is
/// answered.
#[utoipa::path(
    post,
    path = "/secrets/reveal",
    tag = "Secrets",
    operation_id = "revealSecrets",
    request_body = Option<RevelationBody>,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The secrets with their values", body = AllRevealed<'static>), Refusals)
)]
pub(super) async fn reveal_secrets(
    State(app): State<AppState>,
    caller: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::RevealSecrets)?;
    let Wanted { names, org, is_of_project } = Wanted::parse(&body.read().await?)?;
    let which = if is_of_project {
        Revelation::OfProject
    } else {
        Revelation::OfOrgs(OrgChoice::from_option(org.as_deref()))
    };
    let revealed = app.engine.reveal_secrets(&caller, which, names.as_deref()).await;
    let revealed = revealed.map_err(|error| TEXTS.refusal(error))?;
    let objects = revealed.iter().map(Revealed::new).collect();
    answer::json_with_values(&AllRevealed { objects }).map_err(|_| Refusal::Internal)
}

#[derive(Debug)]
struct Wanted {
    names: Option<Vec<Box<str>>>,
    org: Option<String>,
    is_of_project: bool,
}

impl Wanted {
    fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let mut fields = Fields::parse_optional(body, REVELATION)?;
        fields.reject_unknown()?;
        let names = fields.take_strings("names")?;
        if names.as_ref().is_some_and(|names| names.len() > MOST_NAMES) {
            return Err(Refusal::field("names", FieldProblem::MustBe("a list of at most 1000 strings")));
        }
        let (org, is_of_project) =
            (fields.take_string("org")?, fields.take_bool("project")?.unwrap_or_default());
        if org.is_some() && is_of_project {
            return Err(Refusal::Request(
                "org and project must not both be given: the API key has one project",
            ));
        }
        Ok(Self { names: names.map(|names| names.into_iter().map(Into::into).collect()), org, is_of_project })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(body: &Value) -> Result<Wanted, String> {
        Wanted::parse(body.to_string().as_bytes()).map_err(|refusal| refusal.message().into_owned())
    }

    #[test]
    fn without_a_body_all_secrets_are_meant_and_without_names_none() {
        let wanted = Wanted::parse(b"").unwrap();
        assert!(wanted.names.is_none() && wanted.org.is_none() && !wanted.is_of_project);
        assert_eq!(parse(&json!({"names": []})).unwrap().names, Some(Vec::new()));
    }

    #[test]
    fn what_is_asked_for_has_bounds() {
        assert!(parse(&json!({"names": vec!["a"; MOST_NAMES], "project": true})).is_ok());
        for (body, message) in [
            (json!({"names": vec!["a"; MOST_NAMES + 1]}), "names must be a list of at most 1000 strings"),
            (json!({"names": "a"}), "names must be a list of strings"),
            (json!({"project": 1}), "project must be true or false"),
            (
                json!({"project": true, "org": "acme"}),
                "org and project must not both be given: the API key has one project",
            ),
            (json!({"name": "a"}), "name must be left out: there is no such field"),
        ] {
            assert_eq!(parse(&body).unwrap_err(), message);
        }
    }
}
