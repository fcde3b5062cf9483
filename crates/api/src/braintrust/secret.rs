//! The AISecret object (wire/braintrust.md 2).

use axum::response::Response;
use http::{HeaderName, HeaderValue};
use keyholt_engine::{SecretView, Written};
use keyholt_types::{OrgId, PrincipalId, SecretId, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::answer;

const X_BT_FOUND_EXISTING: HeaderName = HeaderName::from_static("x-bt-found-existing");

/// An AI secret. All ten keys are always present.
#[derive(Serialize, ToSchema)]
#[schema(as = AISecret)]
pub(super) struct AiSecret<'a> {
    /// Unique identifier for the AI secret
    #[schema(value_type = String, format = "uuid")]
    id: SecretId,
    /// Date of AI secret creation
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// Date of last AI secret update
    #[schema(value_type = Option<String>, format = DateTime, required)]
    updated_at: Option<Timestamp>,
    /// Date of last update to the encrypted secret value itself
    #[schema(value_type = Option<String>, format = DateTime, required)]
    secret_updated_at: Option<Timestamp>,
    /// Unique identifier for the organization
    #[schema(value_type = String, format = "uuid")]
    org_id: OrgId,
    /// Name of the AI secret
    #[schema(value_type = String)]
    name: &'a str,
    /// The provider's type, such as `openai`
    #[schema(value_type = Option<String>, required)]
    r#type: Option<&'a str>,
    /// Any JSON object
    #[schema(value_type = Option<Object>, required)]
    metadata: Option<&'a RawValue>,
    /// User id of the last update to the encrypted secret value
    #[schema(value_type = Option<String>, format = "uuid", required)]
    secret_updated_by_user_id: Option<PrincipalId>,
    /// What of the value may be shown
    #[schema(value_type = Option<String>, required)]
    preview_secret: Option<&'a str>,
}

impl<'a> From<&'a SecretView> for AiSecret<'a> {
    fn from(SecretView { columns, details }: &'a SecretView) -> Self {
        Self {
            id: columns.id,
            created: columns.created_at,
            updated_at: columns.updated_at,
            secret_updated_at: columns.value_updated_at,
            org_id: columns.collection.org(),
            name: &columns.name,
            r#type: columns.kind.as_deref(),
            // Metadata is JSON text: it is passed on as it is.
            metadata: details.metadata.as_ref().and_then(|metadata| serde_json::from_str(metadata.json()).ok()),
            secret_updated_by_user_id: columns.value_updated_by,
            preview_secret: details.preview.as_deref(),
        }
    }
}

/// 200 with an AI secret.
pub(super) fn answer(secret: &SecretView) -> Response {
    answer::json(&AiSecret::from(secret))
}

/// 200 with an AI secret that was created or found.
pub(super) fn answer_written(written: &Written) -> Response {
    let mut response = answer(&written.secret);
    if written.found_existing {
        response.headers_mut().insert(X_BT_FOUND_EXISTING, HeaderValue::from_static("true"));
    }
    response
}

#[cfg(test)]
pub(super) mod tests {
    use keyholt_types::{ApiKeyId, Collection, Details, Metadata, SecretColumns};
    use serde_json::json;

    use super::*;

    /// A secret with nothing but what must be.
    pub(crate) fn bare(name: &str) -> SecretView {
        let id = SecretId::parse("01a1fd70-f23d-726b-b2a7-4de452e6b438").unwrap();
        let org = OrgId::parse("01a195e8-6d80-7893-923f-0824128b2f33").unwrap();
        SecretView {
            columns: SecretColumns {
                collection: Collection::Org(org),
                id,
                version: 1,
                name: name.into(),
                kind: None,
                created_at: Timestamp::from_millis(1_795_253_400_125),
                created_by: ApiKeyId::MIN,
                updated_at: None,
                updated_by: ApiKeyId::MIN,
                value_version: 0,
                value_hash: Vec::new(),
                value_updated_at: None,
                value_updated_by: None,
                ttl_seconds: None,
                expires_at: None,
                key_generation: 1,
            },
            details: Details { metadata: None, description: "".into(), preview: None, bound_to: None },
        }
    }

    #[test]
    fn all_ten_keys_are_always_present() {
        insta::assert_snapshot!(serde_json::to_string(&AiSecret::from(&bare("a"))).unwrap(), @r#"{"id":"01a1fd70-f23d-726b-b2a7-4de452e6b438","created":"2026-11-21T09:30:00.125Z","updated_at":null,"secret_updated_at":null,"org_id":"01a195e8-6d80-7893-923f-0824128b2f33","name":"a","type":null,"metadata":null,"secret_updated_by_user_id":null,"preview_secret":null}"#);
    }

    #[test]
    fn metadata_is_passed_on_as_it_is() {
        let mut secret = bare("a");
        let object = json!({"b":[1.5, {"c":null}],"a":18_446_744_073_709_551_615_u64});
        secret.details.metadata = Some(Metadata::new(object.as_object().cloned().unwrap()).unwrap());
        let sent: serde_json::Value =
            serde_json::from_slice(&serde_json::to_vec(&AiSecret::from(&secret)).unwrap()).unwrap();
        assert_eq!(sent["metadata"], object);
    }
}
