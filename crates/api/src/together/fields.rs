//! The fields of POST and PATCH (wire/together.md 2.1).

use keyholt_types::{Description, ProjectSecretName, SecretValue, TtlSeconds};

use crate::fields::Fields;
use crate::refusal::Refusal;

/// What a body gives; a null counts as not given. Everything else, `project_id` too, is ignored.
#[derive(Debug)]
pub(crate) struct SecretFields {
    pub(crate) name: Option<ProjectSecretName>,
    pub(crate) value: Option<SecretValue>,
    pub(crate) description: Option<Description>,
    pub(crate) ttl: Option<TtlSeconds>,
}

impl SecretFields {
    /// Reads a body.
    ///
    /// # Errors
    /// 400 without a body, and for the first field that is out of bounds or of another type.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let mut fields = Fields::parse(body, &["name", "value", "description", "ttl_seconds"])?;
        let ttl =
            |seconds| TtlSeconds::parse(seconds).map_err(|problem| Refusal::field("ttl_seconds", problem));
        Ok(Self {
            name: fields.take_parsed("name", ProjectSecretName::parse)?,
            value: fields.take_value("value")?,
            description: fields.take_parsed("description", Description::parse)?,
            ttl: fields.take_integer("ttl_seconds", TtlSeconds::RULE)?.map(ttl).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(body: &Value) -> Result<SecretFields, String> {
        SecretFields::parse(body.to_string().as_bytes()).map_err(|refusal| refusal.message().into_owned())
    }

    #[test]
    fn fields_within_their_bounds_are_taken() {
        let longest = "x".repeat(100);
        for name in ["a", "team/key", "...", "a/.b", "01a1d9edc200781fa8e25d940ed90475", &longest] {
            assert_eq!(parse(&json!({"name": name})).unwrap().name.unwrap().as_str(), name);
        }
        for value in ["v".to_owned(), "x".repeat(64 * 1024), "line\r\nbreaks <>&\n".into()] {
            assert!(parse(&json!({"value": value})).unwrap().value.is_some());
        }
        for description in [String::new(), "🔑".repeat(500)] {
            let given = parse(&json!({"description": description})).unwrap().description.unwrap();
            assert_eq!(given.as_str(), description);
        }
        for ttl in [86_400, 604_800, 1_209_600] {
            assert_eq!(parse(&json!({"ttl_seconds": ttl})).unwrap().ttl.unwrap().seconds(), ttl);
        }
    }

    #[test]
    fn fields_out_of_their_bounds_are_named_and_not_repeated() {
        let long = "x".repeat(101);
        for name in ["", "a b", "ключ", ".", "a/../b", "/a", "a/", "a//b", &long] {
            assert!(parse(&json!({"name": name})).unwrap_err().starts_with("name must"), "{name}");
        }
        let uuid = "01A1D9ED-C200-781F-A8E2-5D940ED90475";
        for name in [uuid.to_lowercase(), uuid.to_owned()] {
            assert_eq!(parse(&json!({"name": name})).unwrap_err(), "name must not look like a UUID");
        }
        assert_eq!(parse(&json!({"value": ""})).unwrap_err(), "value must not be empty");
        let long = "x".repeat(64 * 1024 + 1);
        assert_eq!(parse(&json!({"value": long})).unwrap_err(), "value must not be longer than 64 KiB");
        assert_eq!(
            parse(&json!({"description": "🔑".repeat(501)})).unwrap_err(),
            "description must not be longer than 500 characters"
        );
        for (field, wrong) in [("name", json!(1)), ("value", json!({})), ("description", json!([]))] {
            assert_eq!(parse(&json!({field: wrong})).unwrap_err(), format!("{field} must be a string"));
        }
    }

    #[test]
    fn a_ttl_is_an_integer_between_1_and_14_days() {
        for ttl in
            ["86399", "1209601", "0", "-1", "\"86400\"", "86400.5", "86400.0", "8.64e4", "true", "[86400]"]
        {
            let refusal = SecretFields::parse(format!(r#"{{"ttl_seconds":{ttl}}}"#).as_bytes()).unwrap_err();
            assert_eq!(refusal.message(), "ttl_seconds must be an integer between 86400 and 1209600", "{ttl}");
        }
    }

    #[test]
    fn null_is_not_given_and_unknown_fields_are_ignored() {
        let nulls = parse(&json!({"name": null, "value": null, "description": null, "ttl_seconds": null}));
        let unknown = parse(&json!({"project_id": {"a": [1]}, "object": 1, "x": "y", "metadata": []}));
        for fields in [nulls, unknown, parse(&json!({}))] {
            let SecretFields { name: None, value: None, description: None, ttl: None } = fields.unwrap() else {
                panic!("something was taken");
            };
        }
    }

    #[test]
    fn a_body_is_needed_and_is_one_object() {
        for body in ["", " ", "[]", "{", "{}{}", r#"{"name":"a","name":"b"}"#, r#"{"x":{"a":1,"a":1}}"#] {
            assert_eq!(SecretFields::parse(body.as_bytes()).unwrap_err().status(), 400, "{body}");
        }
    }
}
