//! A secret as the native API shows it, and the fields that it is made of.

use keyholt_engine::{ListedSecret, NewSecret, SecretView, unusable};
use keyholt_types::{
    ApiKeyId, Description, Details, OrgId, PrincipalId, SecretColumns, SecretId, SecretName, SecretType,
    Timestamp,
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::fields::{Fields, required};
use crate::refusal::Refusal;

/// A secret; never its value.
#[derive(Serialize, ToSchema)]
pub(super) struct Secret {
    #[schema(value_type = String, format = "uuid")]
    id: SecretId,
    #[schema(value_type = String, format = "uuid")]
    org_id: OrgId,
    /// Its name, unique in the organisation.
    #[schema(value_type = String)]
    name: Box<str>,
    /// The provider it is for, such as `openai`; free text.
    #[schema(value_type = Option<String>, required)]
    r#type: Option<Box<str>>,
    /// Empty when there is none; null when the record is locked.
    #[schema(value_type = Option<String>, required)]
    description: Option<Box<str>>,
    /// Any JSON object.
    #[schema(value_type = Option<Object>, required)]
    metadata: Option<Box<RawValue>>,
    /// What of the value may be shown; null without a value.
    #[schema(value_type = Option<String>, required)]
    preview: Option<Box<str>>,
    /// 1 at first; each change counts one up.
    version: i64,
    /// How many values it has had; 0 without one.
    value_version: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The API key that made it.
    #[schema(value_type = String, format = "uuid")]
    created_by: ApiKeyId,
    /// When it was last changed; null until the first change.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    updated_at: Option<Timestamp>,
    /// The API key that made or last changed it.
    #[schema(value_type = String, format = "uuid")]
    updated_by: ApiKeyId,
    /// When a value was last written; null without a value.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    value_updated_at: Option<Timestamp>,
    /// The user or service account that last wrote a value.
    #[schema(value_type = Option<String>, format = "uuid", required)]
    value_updated_by: Option<PrincipalId>,
    /// The time to live that was asked for, in seconds.
    ttl_seconds: Option<i64>,
    /// From when on it does not exist.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    expires_at: Option<Timestamp>,
    /// Where the value may be sent, as it was when the value was written: hosts with blanks between them; null without a
    /// value, and when it is sent nowhere.
    #[schema(value_type = Option<String>, required)]
    bound_to: Option<Box<str>>,
    /// Why the gateway and AI proxies leave it out, as far as that can be told without the value; null when nothing is in
    /// the way.
    #[schema(required)]
    unusable: Option<String>,
    /// Whether the record does not open: it is damaged or was tampered with, and no field of it can be relied on.
    locked: bool,
}

impl Secret {
    fn new(columns: SecretColumns, details: Option<Details>, unusable: Option<String>) -> Self {
        let locked = details.is_none();
        let (metadata, description, preview, bound_to) = details.map_or((None, None, None, None), |details| {
            (details.metadata, Some(details.description), details.preview, details.bound_to)
        });
        Self {
            id: columns.id,
            org_id: columns.collection.org(),
            name: columns.name,
            r#type: columns.kind,
            description,
            // Metadata is JSON by its making.
            metadata: metadata.and_then(|metadata| RawValue::from_string(metadata.json().to_owned()).ok()),
            preview,
            version: columns.version,
            value_version: columns.value_version,
            created_at: columns.created_at,
            created_by: columns.created_by,
            updated_at: columns.updated_at,
            updated_by: columns.updated_by,
            value_updated_at: columns.value_updated_at,
            value_updated_by: columns.value_updated_by,
            ttl_seconds: columns.ttl_seconds,
            expires_at: columns.expires_at,
            bound_to,
            unusable,
            locked,
        }
    }
}

impl From<SecretView> for Secret {
    fn from(secret: SecretView) -> Self {
        let unusable = unusable(&secret).map(|reason| reason.to_string());
        Self::new(secret.columns, Some(secret.details), unusable)
    }
}

impl From<ListedSecret> for Secret {
    fn from(listed: ListedSecret) -> Self {
        match listed {
            ListedSecret::Open(secret) => secret.into(),
            ListedSecret::Locked(columns) => Self::new(columns, None, None),
        }
    }
}

/// Takes what a secret is made of: `name`, `type`, `metadata`, `description`, `value`.
///
/// # Errors
/// 400 without a name, and for the first field that is out of bounds or of another type.
pub(super) fn take_new_secret(fields: &mut Fields) -> Result<NewSecret, Refusal> {
    Ok(NewSecret {
        name: required("name", fields.take_parsed("name", SecretName::parse)?)?,
        kind: fields.take_parsed("type", SecretType::parse)?,
        metadata: fields.take_metadata("metadata")?,
        description: fields.take_parsed("description", Description::parse)?,
        value: fields.take_value("value")?,
        ttl: None,
    })
}
