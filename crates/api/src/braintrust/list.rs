//! `GET /v1/ai_secret` (wire/braintrust.md 3.1): streamed in constant memory.

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{OrgChoice, SecretFilter};
use keyholt_types::SecretId;
use utoipa::ToSchema;

use super::page::{Page, limit_schema};
use super::refusals::{reader, refusal};
use super::secret::AiSecret;
use crate::auth::Authenticated;
use crate::listing;
use crate::query::{Query, UnreadQuery};
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// Describes the parameters.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
struct Parameters {
    /// Limit the number of objects to return; all when absent
    #[param(schema_with = limit_schema)]
    limit: Option<u64>,
    /// Only objects older than this position
    #[param(format = "uuid")]
    starting_after: Option<String>,
    /// Only objects immediately newer than this position
    #[param(format = "uuid")]
    ending_before: Option<String>,
    /// Only objects with one of these ids: repeated, joined by commas, or both
    ids: Option<Vec<String>>,
    /// Only the object with this name
    ai_secret_name: Option<String>,
    /// Only objects of this organization
    org_name: Option<String>,
    /// Only objects of one of these types: repeated, joined by commas, or both
    ai_secret_type: Option<Vec<String>>,
}

/// Describes the answer.
#[derive(ToSchema)]
#[schema(as = AISecretList)]
#[expect(dead_code, reason = "only its description is used")]
struct AiSecretList {
    /// A list of ai_secret objects, newest first
    objects: Vec<AiSecret<'static>>,
}

/// List ai_secrets
///
/// The ai_secrets are sorted by creation date, with the most recently created first.
#[utoipa::path(
    get,
    path = "/v1/ai_secret",
    tag = "AiSecrets",
    operation_id = "getAiSecret",
    params(Parameters),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "Returns a list of ai_secret objects", body = AiSecretList), Refusals)
)]
pub(super) async fn list(
    State(app): State<AppState>,
    authenticated: Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let caller = reader(authenticated)?;
    let query = query.read()?;
    let org = OrgChoice::from_option(query.single("org_name")?);
    let list = app.engine.list_secrets(&caller, org, filter(&query)?).await.map_err(refusal)?;
    let write = |text: &mut Vec<u8>, listed: &_| listing::write_open::<AiSecret<'_>>(text, listed);
    listing::answer(list, r#"{"objects":["#, write, "]}").await.map_err(refusal)
}

fn filter(query: &Query) -> Result<SecretFilter, Refusal> {
    let page = Page::read(query, SecretId::parse)?;
    Ok(SecretFilter {
        ids: page.ids,
        kinds: query.list("ai_secret_type").map(|kinds| kinds.into_iter().map(Into::into).collect()),
        name: query.single("ai_secret_name")?.map(Into::into),
        starting_after: page.starting_after,
        ending_before: page.ending_before,
        limit: page.limit,
        ..SecretFilter::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "01a1fd70-f23d-726b-b2a7-4de452e6b438";
    const B: &str = "01A195E8-6D80-7893-923F-0824128B2F33";

    fn read(query: &str) -> Result<SecretFilter, String> {
        let query = Query::parse(query).map_err(|refusal| refusal.message().into_owned())?;
        filter(&query).map_err(|refusal| refusal.message().into_owned())
    }

    /// wire/braintrust.md 9.
    #[test]
    fn ids_are_uuids_repeated_joined_or_both() {
        let ids = |query: &str| read(query).map(|filter| filter.ids.map_or(0, |ids| ids.len()));
        assert_eq!(ids(""), Ok(0));
        assert_eq!(ids(&format!("ids[]={A}")), Ok(1));
        assert_eq!(ids(&format!("ids={A}&ids={B},{A}")), Ok(3));
        for wrong in ["ids=", &format!("ids={A},"), &format!("ids={A},%20{B}"), "ids[]=x", "ids={a}"] {
            assert_eq!(ids(wrong), Err("ids must be a list of UUIDs".into()), "{wrong}");
        }
    }

    #[test]
    fn cursors_are_one_uuid() {
        assert_eq!(read(&format!("starting_after={B}")).unwrap().starting_after, SecretId::parse(B));
        assert_eq!(
            read("ending_before=00000000-0000-0000-0000-000000000000").unwrap().ending_before,
            Some(SecretId::MIN)
        );
        assert_eq!(read("starting_after=").unwrap_err(), "starting_after must be a UUID");
        assert_eq!(read("ending_before=x").unwrap_err(), "ending_before must be a UUID");
    }

    #[test]
    fn an_empty_type_or_name_is_one() {
        let filter = read("ai_secret_type=&ai_secret_name=").unwrap();
        assert_eq!((filter.kinds, filter.name), (Some(vec!["".into()]), Some("".into())));
        let filter = read("ai_secret_type=a,b&ai_secret_type[]=c&ai_secret_name=a%2Cb").unwrap();
        assert_eq!(filter.kinds, Some(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(filter.name, Some("a,b".into()));
    }
}
