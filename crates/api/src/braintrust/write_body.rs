//! The body of POST and PUT (wire/braintrust.md 3.2).

use keyholt_engine::NewSecret;
use keyholt_types::{SecretName, SecretType};
use utoipa::ToSchema;

use crate::fields::{Fields, required};
use crate::refusal::Refusal;

/// Describes the body; what is read is [`WriteBody`].
#[derive(ToSchema)]
#[schema(as = CreateAISecret)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct CreateAiSecret {
    /// Name of the AI secret
    #[schema(min_length = 1, max_length = 256)]
    name: String,
    /// The provider's type, such as `openai`
    #[schema(max_length = 128)]
    r#type: Option<String>,
    /// Any JSON object of at most 64 KiB and 32 levels
    #[schema(value_type = Option<Object>)]
    metadata: Option<()>,
    /// The value, 1 byte to 64 KiB. If omitted in a PUT request, the existing value is kept.
    secret: Option<String>,
    /// The organization, for API keys that belong to several
    org_name: Option<String>,
}

/// A body of POST or PUT.
pub(crate) struct WriteBody {
    pub(crate) org_name: Option<String>,
    pub(crate) secret: NewSecret,
}

impl WriteBody {
    /// Reads it.
    ///
    /// # Errors
    /// 400 naming the field that is not as it must be.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let mut fields = Fields::parse_optional(body, &["name", "type", "metadata", "secret", "org_name"])?;
        let secret = NewSecret {
            name: required("name", fields.take_parsed("name", SecretName::parse)?)?,
            kind: fields.take_parsed("type", SecretType::parse)?,
            metadata: fields.take_metadata("metadata")?,
            description: None,
            value: fields.take_value("secret")?,
            ttl: None,
        };
        Ok(Self { org_name: fields.take_string("org_name")?, secret })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> String {
        WriteBody::parse(body.as_bytes())
            .err()
            .map(|refusal| refusal.message().into_owned())
            .unwrap_or_default()
    }

    /// wire/braintrust.md 9.
    #[test]
    fn bounds() {
        for (body, refusal) in [
            ("", "name is required"),
            ("{}", "name is required"),
            (r#"{"name":null}"#, "name is required"),
            (r#"{"name":""}"#, "name must not be empty"),
            (r#"{"name":1}"#, "name must be a string"),
            (r#"{"name":"a\tb"}"#, "name must not contain control characters"),
            (r#"{"name":"a","name":"a"}"#, "name must be given once"),
            (r#"{"name":"a","secret":""}"#, "secret must not be empty"),
            (r#"{"name":"a","metadata":[]}"#, "metadata must be an object"),
            (r#"{"name":"a","type":{}}"#, "type must be a string"),
            (r#"{"name":"a","org_name":7}"#, "org_name must be a string"),
            (r#"{"name":" a ","secret":null,"metadata":null,"type":null,"org_name":null}"#, ""),
            (r#"{"name":"a","preview_secret":[1],"updated_at":{}}"#, ""),
        ] {
            assert_eq!(message(body), refusal, "{body}");
        }
        let sized = |bytes: usize| format!(r#"{{"name":"a","secret":"{}"}}"#, "x".repeat(bytes));
        assert_eq!(message(&sized(64 * 1024)), "");
        assert_eq!(message(&sized(64 * 1024 + 1)), "secret must not be longer than 64 KiB");
    }
}
