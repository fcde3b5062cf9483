//! What metadata says of a model (wire/braintrust.md 6.2, ModelSpec).

use serde_json::Value;

use super::shape::Shape::{Bool, Number, OneOf, Providers, Text, TextList};
use super::shape::{Rule, nullable, required};
use super::unfit::Unfit;

const FORMATS: &[&str] = &["openai", "anthropic", "google", "window", "js", "converse"];
const FLAVORS: &[&str] = &["chat", "completion", "embedding", "both"];

const RULES: &[Rule] = &[
    required("format", OneOf(FORMATS)),
    required("flavor", OneOf(FLAVORS)),
    nullable("multimodal", Bool),
    nullable("o1_like", Bool),
    nullable("reasoning", Bool),
    nullable("reasoning_budget", Bool),
    nullable("experimental", Bool),
    nullable("deprecated", Bool),
    nullable("supports_streaming", Bool),
    nullable("streaming_only", Bool),
    nullable("input_cost_per_token", Number),
    nullable("output_cost_per_token", Number),
    nullable("max_input_tokens", Number),
    nullable("max_output_tokens", Number),
    nullable("displayName", Text),
    nullable("deprecation_date", Text),
    nullable("parent", Text),
    nullable("description", Text),
    nullable("fallback_models", TextList),
    nullable("locations", TextList),
    nullable("supported_regions", TextList),
    nullable("endpoint_types", Providers),
    nullable("available_providers", Providers),
];

/// Prices, of which there are many: every field whose name ends so is a number.
const PRICE: &str = "_per_mil_tokens";

/// Whether this is a description of a model.
///
/// # Errors
/// The first field that is at fault.
pub(super) fn check_model_spec(spec: &Value) -> Result<(), Unfit> {
    let Some(spec) = spec.as_object() else {
        return Err(Unfit::Metadata { field: "customModels", problem: "must be an object of objects" });
    };
    for rule in RULES {
        if let Some(problem) = rule.problem(spec) {
            return Err(Unfit::CustomModel { field: rule.field, problem });
        }
    }
    let is_wrong =
        |(name, value): (&String, &Value)| name.ends_with(PRICE) && !value.is_number() && !value.is_null();
    if spec.iter().any(is_wrong) {
        return Err(Unfit::CustomModel { field: "price per million tokens", problem: "must be a number" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(field: &str, value: Value) -> Value {
        let mut spec = json!({"format": "openai", "flavor": "chat"});
        spec[field] = value;
        spec
    }

    #[test]
    fn format_and_flavor_are_required_words() {
        for format in FORMATS {
            for flavor in FLAVORS {
                assert_eq!(check_model_spec(&json!({"format": format, "flavor": flavor})), Ok(()));
            }
        }
        for (spec, field) in [
            (json!({"flavor": "chat"}), "format"),
            (json!({"format": "openai"}), "flavor"),
            (with("format", json!(null)), "format"),
            (with("format", json!("OpenAI")), "format"),
            (with("flavor", json!(null)), "flavor"),
            (with("flavor", json!("embeddings")), "flavor"),
            (with("flavor", json!(1)), "flavor"),
        ] {
            let found = check_model_spec(&spec);
            assert!(
                matches!(found, Err(Unfit::CustomModel { field: at, .. }) if at == field),
                "{spec} {found:?}"
            );
        }
    }

    #[test]
    fn each_field_is_of_its_kind_or_null() {
        let fields = |names: &'static str| names.split_whitespace();
        for (names, right, wrong) in [
            (
                "multimodal o1_like reasoning reasoning_budget experimental deprecated supports_streaming \
                 streaming_only",
                vec![json!(true), json!(false)],
                vec![json!("true"), json!(0), json!([])],
            ),
            (
                "input_cost_per_token output_cost_per_token input_cost_per_mil_tokens output_cost_per_mil_tokens \
                 x_per_mil_tokens max_input_tokens max_output_tokens",
                vec![json!(0), json!(1.5), json!(-1)],
                vec![json!("1"), json!(true), json!({})],
            ),
            (
                "displayName deprecation_date parent description",
                vec![json!(""), json!("x")],
                vec![json!(1), json!(["x"])],
            ),
            (
                "fallback_models locations supported_regions",
                vec![json!([]), json!(["a", "b"])],
                vec![json!("a"), json!([1]), json!(["a", null]), json!({})],
            ),
            (
                "endpoint_types available_providers",
                vec![json!([]), json!(["openai", "xAI"])],
                vec![json!(["xai"]), json!([null]), json!("openai"), json!([""])],
            ),
        ] {
            for field in fields(names) {
                assert_eq!(check_model_spec(&with(field, Value::Null)), Ok(()), "{field}");
                for right in &right {
                    assert_eq!(check_model_spec(&with(field, right.clone())), Ok(()), "{field} {right}");
                }
                for wrong in &wrong {
                    assert!(check_model_spec(&with(field, wrong.clone())).is_err(), "{field} {wrong}");
                }
            }
        }
    }

    #[test]
    fn other_fields_are_free_and_a_model_is_an_object() {
        assert_eq!(check_model_spec(&with("anything", json!([null, {"a": 1}]))), Ok(()));
        for wrong in [json!(null), json!("x"), json!([]), json!(true)] {
            assert!(check_model_spec(&wrong).is_err(), "{wrong}");
        }
    }
}
