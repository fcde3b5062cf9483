//! A secret as the AI proxy takes it (wire/braintrust.md 6).

use keyholt_engine::ResolvedSecret;
use keyholt_types::{OrgId, SecretId, SecretValue};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A secret with its value. All seven keys are always present.
#[derive(Serialize, ToSchema)]
#[schema(as = BraintrustResolvedSecret)]
pub(super) struct Resolved<'a> {
    /// Unique identifier for the AI secret
    #[schema(value_type = String, format = "uuid")]
    id: SecretId,
    /// Unique identifier for the organization
    #[schema(value_type = String, format = "uuid")]
    org_id: OrgId,
    /// Name of the organization
    #[schema(value_type = String)]
    org_name: &'a str,
    /// Name of the AI secret; null when it cannot stand in a header
    #[schema(value_type = Option<String>, required)]
    name: Option<&'a str>,
    /// The provider's type
    #[schema(value_type = Option<String>, required)]
    r#type: Option<&'a str>,
    /// The value; null where the type needs none
    #[schema(value_type = Option<String>, required)]
    secret: Option<&'a str>,
    /// As it was stored
    #[schema(value_type = Option<Object>, required)]
    metadata: Option<&'a RawValue>,
}

impl<'a> From<&'a ResolvedSecret> for Resolved<'a> {
    fn from(ResolvedSecret { secret, org_name, value }: &'a ResolvedSecret) -> Self {
        let (columns, metadata) = (&secret.columns, secret.details.metadata.as_ref());
        // The proxy puts it into `x-bt-used-endpoint`.
        let fits_a_header = columns.name.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        #[expect(
            clippy::disallowed_methods,
            reason = "EXPOSE: the lookup gives values to those who may resolve"
        )]
        let value = value.as_ref().map(SecretValue::expose);
        Self {
            id: columns.id,
            org_id: columns.collection.org(),
            org_name,
            name: fits_a_header.then_some(&columns.name),
            r#type: columns.kind.as_deref(),
            secret: value,
            // Metadata is JSON text: it is passed on as it is.
            metadata: metadata.and_then(|metadata| serde_json::from_str(metadata.json()).ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::secret::tests::bare;
    use super::*;

    fn written(name: &str, value: Option<&str>) -> String {
        let value = value.map(|text| SecretValue::parse(text.to_owned()).unwrap());
        let resolved = ResolvedSecret { secret: bare(name), org_name: "acme".into(), value };
        serde_json::to_string(&Resolved::from(&resolved)).unwrap()
    }

    #[test]
    fn all_seven_keys_are_always_present_and_in_the_wires_order() {
        insta::assert_snapshot!(written("a", None), @r#"{"id":"01a1fd70-f23d-726b-b2a7-4de452e6b438","org_id":"01a195e8-6d80-7893-923f-0824128b2f33","org_name":"acme","name":"a","type":null,"secret":null,"metadata":null}"#);
    }

    #[test]
    fn a_name_that_is_no_header_is_left_out_and_a_value_is_never_changed() {
        for (name, shown) in [("a ~", r#""a ~""#), ("é", "null"), ("a\u{7f}", "null"), ("a\u{a0}", "null")] {
            assert!(written(name, None).contains(&format!(r#""name":{shown},"#)), "{name}");
        }
        assert!(written("a", Some("sk-1\n\"é")).contains(r#""secret":"sk-1\n\"é","#));
    }
}
