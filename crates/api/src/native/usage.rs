//! `usage`: how much was used of which secret, with which API key.

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{Operation, OrgChoice, UsageFilter, UsageView};
use keyholt_types::{ApiKeyId, FieldProblem, OrgId, SecretId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::page::{Objects, Page, not_a_uuid};
use super::refusals::{Texts, require};
use crate::answer;
use crate::auth::Authenticated;
use crate::query::{Query, UnreadQuery};
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

const TEXTS: Texts = Texts { not_found: "Secret not found", name_taken: "the name is taken" };

/// Totals of an API key's use of a secret through the gateway. Credentials for a short time count as the API keys that
/// made them.
#[derive(Serialize, ToSchema)]
struct Usage {
    /// The place in the list: the ids of the secret and the API key, a dot between them.
    id: String,
    #[schema(value_type = String, format = "uuid")]
    org_id: OrgId,
    #[schema(value_type = String, format = "uuid")]
    secret_id: SecretId,
    /// The secret's name; null when it was deleted, or is locked.
    #[schema(value_type = Option<String>, required)]
    secret_name: Option<Box<str>>,
    #[schema(value_type = String, format = "uuid")]
    api_key_id: ApiKeyId,
    /// Requests sent to the provider.
    requests: i64,
    /// Those among them that it did not answer, or not with success.
    failed: i64,
    /// Bytes of bodies sent to it.
    bytes_up: i64,
    /// Bytes of bodies that it sent.
    bytes_down: i64,
    /// Tokens that went in, as far as it says.
    input_tokens: i64,
    /// Tokens that came out, as far as it says.
    output_tokens: i64,
    /// The status of its latest answer; null when it gave none.
    #[schema(required)]
    last_status: Option<i64>,
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
}

impl From<UsageView> for Usage {
    fn from(UsageView { total, secret_name }: UsageView) -> Self {
        Self {
            id: format!("{}.{}", total.secret, total.api_key),
            org_id: total.org,
            secret_id: total.secret,
            secret_name,
            api_key_id: total.api_key,
            requests: total.requests,
            failed: total.failed,
            bytes_up: total.bytes_up,
            bytes_down: total.bytes_down,
            input_tokens: total.input_tokens,
            output_tokens: total.output_tokens,
            last_status: (total.last_status != 0).then_some(total.last_status),
            last_used_at: total.last_used_at,
        }
    }
}

/// List what was used of which secret with which API key, in the order of their ids; up to a few seconds ago.
#[utoipa::path(
    get,
    path = "/usage",
    tag = "Usage",
    operation_id = "listUsage",
    params(
        ("org" = Option<String>, Query, description = "Only in the organisation of this name"),
        ("secret" = Option<String>, Query, format = "uuid", description = "Only of the secret of this id"),
        ("api_key" = Option<String>, Query, format = "uuid", description = "Only with the API key of this id"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most; 100 when absent"),
        (
            "starting_after" = Option<String>, Query,
            description = "Only what comes after this one: the id of the last object of the page before"
        ),
    ),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The totals", body = Objects<Usage>), Refusals)
)]
pub(super) async fn list_usage(
    State(app): State<AppState>,
    caller: Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::ReadIdentity)?;
    let query = query.read()?;
    let org = OrgChoice::from_option(query.single("org")?);
    let found = app.engine.list_usage(&caller, org, filter(&query)?).await;
    let found = found.map_err(|error| TEXTS.refusal(error))?;
    Ok(answer::json(&Objects { objects: found.into_iter().map(Usage::from).collect() }))
}

fn filter(query: &Query) -> Result<UsageFilter, Refusal> {
    let secret = query.single("secret")?;
    let api_key = query.single("api_key")?;
    let starting_after = query.single("starting_after")?;
    Ok(UsageFilter {
        secret: secret.map(|id| SecretId::parse(id).ok_or(not_a_uuid("secret"))).transpose()?,
        api_key: api_key.map(|id| ApiKeyId::parse(id).ok_or(not_a_uuid("api_key"))).transpose()?,
        starting_after: starting_after.map(place).transpose()?,
        limit: Page::read_limit(query)?,
    })
}

/// A place in the list.
fn place(text: &str) -> Result<(SecretId, ApiKeyId), Refusal> {
    let ids = text.split_once('.');
    let parsed = ids.and_then(|(secret, api_key)| SecretId::parse(secret).zip(ApiKeyId::parse(api_key)));
    parsed.ok_or(Refusal::field("starting_after", FieldProblem::MustBe("the id of an object of this list")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<UsageFilter, String> {
        Query::parse(query).and_then(|query| filter(&query)).map_err(|refusal| refusal.message().into_owned())
    }

    #[test]
    fn a_place_is_two_ids_and_a_filter_one() {
        let (secret, api_key) = (SecretId::MAX, ApiKeyId::MAX);
        let all = read(&format!("secret={secret}&api_key={api_key}&starting_after={secret}.{api_key}&limit=7"));
        let all = all.unwrap();
        assert_eq!((all.secret, all.api_key, all.limit), (Some(secret), Some(api_key), 7));
        assert_eq!(all.starting_after, Some((secret, api_key)));
        assert_eq!(read("").unwrap().limit, 100);
        for (query, message) in [
            ("secret=a", "secret must be a UUID"),
            ("api_key=a", "api_key must be a UUID"),
            ("starting_after=a", "starting_after must be the id of an object of this list"),
            (&format!("starting_after={secret}"), "starting_after must be the id of an object of this list"),
            ("limit=0", "limit must be an integer between 1 and 1000"),
        ] {
            assert_eq!(read(query).unwrap_err(), message);
        }
    }
}
