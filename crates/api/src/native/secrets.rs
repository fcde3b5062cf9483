//! `secrets`: the secrets of organisations.

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{
    ListedSecret, MetadataObject, MetadataPatch, Operation, OrgChoice, SecretFilter, SecretPatch,
};
use keyholt_types::{Description, Patch, SecretId, SecretName, SecretType};
use utoipa::ToSchema;

use super::page::{Objects, Page, PathId, parse_id};
use super::refusals::{Texts, require};
use super::secret::{Secret, take_new_secret};
use crate::answer;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::fields::Fields;
use crate::listing;
use crate::query::{Query, UnreadQuery};
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

pub(super) const TEXTS: Texts =
    Texts { not_found: "Secret not found", name_taken: "a secret with this name already exists" };

/// List secrets of the API key's organisations, newest first; locked ones too.
#[utoipa::path(
    get,
    path = "/secrets",
    tag = "Secrets",
    operation_id = "listSecrets",
    params(
        ("org" = Option<String>, Query, description = "Only secrets of the organisation of this name"),
        ("name" = Option<String>, Query, description = "Only the secret of exactly this name"),
        ("type" = Option<String>, Query, description = "Only secrets of exactly this type"),
        Page,
    ),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The secrets", body = Objects<Secret>), Refusals)
)]
pub(super) async fn list_secrets(
    State(app): State<AppState>,
    caller: Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::ReadSecrets)?;
    let query = query.read()?;
    let org = OrgChoice::from_option(query.single("org")?);
    let list = app.engine.list_secrets(&caller, org, filter(&query)?).await;
    let refusal = |error| TEXTS.refusal(error);
    let write = |text: &mut Vec<u8>, listed: &ListedSecret| {
        serde_json::to_writer(text, &Secret::from(listed.clone())).map(|()| true)
    };
    listing::answer(list.map_err(refusal)?, r#"{"objects":["#, write, "]}").await.map_err(refusal)
}

fn filter(query: &Query) -> Result<SecretFilter, Refusal> {
    let page = Page::read(query)?.request(SecretId::parse)?;
    Ok(SecretFilter {
        ids: None,
        kinds: query.single("type")?.map(|kind| vec![kind.into()]),
        name: query.single("name")?.map(Into::into),
        starting_after: page.starting_after,
        ending_before: None,
        limit: Some(page.limit.into()),
        with_locked: true,
    })
}

/// A secret to be made.
#[derive(ToSchema)]
#[schema(as = NewSecret)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct NewSecretBody {
    /// The name of its organisation; required when the API key belongs to several.
    org: Option<String>,
    /// Its name, unique in the organisation; no control characters.
    #[schema(min_length = 1, max_length = 256)]
    name: String,
    /// The provider it is for, such as `openai`; free text.
    #[schema(max_length = 128)]
    r#type: Option<String>,
    /// Any JSON object of at most 64 KiB and 32 levels.
    #[schema(value_type = Option<Object>)]
    metadata: Option<()>,
    #[schema(max_length = 500)]
    description: Option<String>,
    /// The value, 1 byte to 64 KiB of UTF-8, kept byte for byte and shown nowhere.
    #[schema(min_length = 1, write_only)]
    value: Option<String>,
}

pub(super) const NEW_SECRET: &[&str] = &["org", "name", "type", "metadata", "description", "value"];

/// Make a secret.
#[utoipa::path(
    post,
    path = "/secrets",
    tag = "Secrets",
    operation_id = "createSecret",
    request_body = NewSecretBody,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The secret", body = Secret), Refusals)
)]
pub(super) async fn create_secret(
    State(app): State<AppState>,
    caller: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::WriteSecrets)?;
    let mut fields = Fields::parse(&body.read().await?, NEW_SECRET)?;
    fields.reject_unknown()?;
    let org = fields.take_string("org")?;
    let new = take_new_secret(&mut fields)?;
    let made = app.engine.create_secret(&caller, OrgChoice::from_option(org.as_deref()), new).await;
    let written = made.map_err(|error| TEXTS.refusal(error))?;
    if written.found_existing {
        return Err(Refusal::NameTaken(TEXTS.name_taken));
    }
    Ok(answer::json(&Secret::from(written.secret)))
}

/// Read a secret, also a locked one; never its value.
#[utoipa::path(
    get,
    path = "/secrets/{id}",
    tag = "Secrets",
    operation_id = "findSecret",
    params(("id" = String, Path, format = "uuid", description = "The secret's id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The secret", body = Secret), Refusals)
)]
pub(super) async fn find_secret(
    State(app): State<AppState>,
    caller: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::ReadSecrets)?;
    let id = parse_id(id, SecretId::parse)?;
    let filter = SecretFilter { ids: Some(vec![id]), with_locked: true, ..SecretFilter::default() };
    let list = app.engine.list_secrets(&caller, OrgChoice::Unnamed, filter).await;
    let found = list.map_err(|error| TEXTS.refusal(error))?.next().await;
    let found = found.map_err(|error| TEXTS.refusal(error))?.into_iter().next();
    let secret = found.ok_or(Refusal::NotFound(TEXTS.not_found))?;
    Ok(answer::json(&Secret::from(secret)))
}

/// What to change of a secret; what is absent or null stays.
#[derive(ToSchema)]
#[schema(as = SecretPatch)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct SecretPatchBody {
    /// A new name.
    #[schema(min_length = 1, max_length = 256)]
    name: Option<String>,
    /// A new type.
    #[schema(max_length = 128)]
    r#type: Option<String>,
    /// Merged into the present metadata, object by object; nulls in it are ignored.
    #[schema(value_type = Option<Object>)]
    metadata: Option<()>,
    /// A new description; an empty one empties it.
    #[schema(max_length = 500)]
    description: Option<String>,
    /// A new value: the secret is rotated.
    #[schema(min_length = 1, write_only)]
    value: Option<String>,
}

pub(super) const SECRET_PATCH: &[&str] = &["name", "type", "metadata", "description", "value"];

/// Change a secret, or rotate its value.
#[utoipa::path(
    patch,
    path = "/secrets/{id}",
    tag = "Secrets",
    operation_id = "patchSecret",
    params(("id" = String, Path, format = "uuid", description = "The secret's id")),
    request_body = SecretPatchBody,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The secret as it is now", body = Secret), Refusals)
)]
pub(super) async fn patch_secret(
    State(app): State<AppState>,
    caller: Authenticated,
    id: PathId,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::WriteSecrets)?;
    let fields = Fields::parse(&body.read().await?, SECRET_PATCH)?;
    let (id, patch) = (parse_id(id, SecretId::parse)?, secret_patch(fields)?);
    let patched = app.engine.patch_secret(&caller, id, patch).await;
    Ok(answer::json(&Secret::from(patched.map_err(|error| TEXTS.refusal(error))?)))
}

fn secret_patch(mut fields: Fields) -> Result<SecretPatch, Refusal> {
    fields.reject_unknown()?;
    let merge = |object| MetadataPatch::Merge(MetadataObject(object));
    Ok(SecretPatch {
        name: fields.take_parsed("name", SecretName::parse)?,
        kind: Patch::keep_or_set(fields.take_parsed("type", SecretType::parse)?),
        metadata: fields.take_object("metadata")?.map_or(MetadataPatch::Keep, merge),
        description: fields.take_parsed("description", Description::parse)?,
        value: fields.take_value("value")?,
        ttl: None,
    })
}

/// Delete a secret, also one that is locked.
#[utoipa::path(
    delete,
    path = "/secrets/{id}",
    tag = "Secrets",
    operation_id = "deleteSecret",
    params(("id" = String, Path, format = "uuid", description = "The secret's id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The secret as it was last", body = Secret), Refusals)
)]
pub(super) async fn delete_secret(
    State(app): State<AppState>,
    caller: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::WriteSecrets)?;
    let deleted = app.engine.erase_secret(&caller, parse_id(id, SecretId::parse)?).await;
    Ok(answer::json(&Secret::from(deleted.map_err(|error| TEXTS.refusal(error))?)))
}
