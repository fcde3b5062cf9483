//! The Secret object (wire/together.md 2).

use keyholt_engine::SecretView;
use keyholt_types::{ApiKeyId, SecretId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A project's secret as this wire shows it; never its value.
#[derive(Serialize, ToSchema)]
#[schema(as = ProjectSecret)]
pub(super) struct Secret<'a> {
    /// `secret`.
    #[schema(value_type = String)]
    object: &'static str,
    #[schema(value_type = String, format = "uuid")]
    id: SecretId,
    /// Its name, unique in the project.
    #[schema(value_type = String)]
    name: &'a str,
    /// Empty when there is none.
    #[schema(value_type = String)]
    description: &'a str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed; at first, when it was made.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// The API key that made it.
    #[schema(value_type = String, format = "uuid")]
    created_by: ApiKeyId,
    /// The API key that made or last changed it.
    #[schema(value_type = String, format = "uuid")]
    last_updated_by: ApiKeyId,
    /// Its time to live in seconds; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false)]
    ttl_seconds: Option<i64>,
    /// From when on it does not exist; absent without a time to live.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    expires_at: Option<Timestamp>,
}

impl<'a> From<&'a SecretView> for Secret<'a> {
    fn from(SecretView { columns, details }: &'a SecretView) -> Self {
        Self {
            object: "secret",
            id: columns.id,
            name: &columns.name,
            description: &details.description,
            created_at: columns.created_at,
            updated_at: columns.updated_at.unwrap_or(columns.created_at),
            created_by: columns.created_by,
            last_updated_by: columns.updated_by,
            ttl_seconds: columns.ttl_seconds,
            expires_at: columns.expires_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use keyholt_types::{Collection, Details, OrgId, ProjectId, SecretColumns};
    use serde_json::{Value, json};

    use super::*;

    fn view(ttl_seconds: Option<i64>) -> SecretView {
        let created_at = Timestamp::from_millis(1_794_657_600_000);
        SecretView {
            columns: SecretColumns {
                collection: Collection::Project(OrgId::MIN, ProjectId::MIN),
                id: SecretId::MAX,
                version: 1,
                name: "my-model-HF_TOKEN".into(),
                kind: None,
                created_at,
                created_by: ApiKeyId::MIN,
                updated_at: None,
                updated_by: ApiKeyId::MIN,
                value_version: 1,
                value_hash: vec![0; 32],
                value_updated_at: Some(created_at),
                value_updated_by: None,
                ttl_seconds,
                expires_at: ttl_seconds.map(|seconds| created_at.plus_seconds(seconds)),
                key_generation: 1,
            },
            details: Details {
                metadata: None,
                description: "".into(),
                preview: Some("********".into()),
                bound_to: None,
            },
        }
    }

    fn shown(view: &SecretView) -> Value {
        serde_json::to_value(Secret::from(view)).unwrap()
    }

    #[test]
    fn a_secret_without_a_ttl_says_nothing_of_one() {
        let nil = "00000000-0000-0000-0000-000000000000";
        assert_eq!(
            shown(&view(None)),
            json!({
                "object": "secret",
                "id": "ffffffff-ffff-ffff-ffff-ffffffffffff",
                "name": "my-model-HF_TOKEN",
                "description": "",
                "created_at": "2026-11-14T12:00:00.000Z",
                "updated_at": "2026-11-14T12:00:00.000Z",
                "created_by": nil,
                "last_updated_by": nil,
            })
        );
    }

    #[test]
    fn a_secret_with_a_ttl_says_when_it_ends() {
        let shown = shown(&view(Some(604_800)));
        assert_eq!(shown["ttl_seconds"], 604_800);
        assert_eq!(shown["expires_at"], "2026-11-21T12:00:00.000Z");
    }
}
