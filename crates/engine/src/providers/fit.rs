//! Whether a secret's type and metadata fit the proxy's schema. One row that does not spoils the proxy's whole
//! answer and makes it send its caller's own key to the provider (wire/braintrust.md 6.1, 6.2).

use keyholt_types::Metadata;
use serde_json::{Map, Value};

use super::fields::{object, text};
use super::header_text::{header_text, is_token};
use super::model_spec::check_model_spec;
use super::provider_type::ProviderType;
use super::shape::Shape::{Bool, FilledText, Object, OneOf, Text, TextList, TextObject, Url, UrlOrEmpty};
use super::shape::{Rule, nullable, optional, required};
use super::unfit::Unfit;

const EVERY_TYPE: &[Rule] = &[
    nullable("models", TextList),
    nullable("customModels", Object),
    nullable("excludeDefaultModels", Bool),
    nullable("additionalHeaders", TextObject),
    optional("supportsStreaming", Bool),
    nullable("overrideModel", Text),
    nullable("overrideSystemPrompt", Text),
];

const OPENAI_AUTH_TYPES: &[&str] = &["api_key", "oauth_bearer", "workload_identity_federation"];
const OPENAI: &[Rule] = &[
    nullable("api_base", UrlOrEmpty),
    optional("auth_type", OneOf(OPENAI_AUTH_TYPES)),
    nullable("auth_source", Text),
    nullable("organization_id", Text),
    nullable("endpoint_path", Text),
    nullable("auth_format", OneOf(&["bearer", "api_key"])),
];
const ANTHROPIC: &[Rule] = &[optional("auth_type", OneOf(OPENAI_AUTH_TYPES)), nullable("auth_source", Text)];
const AZURE: &[Rule] = &[
    required("api_base", Url),
    optional("api_version", Text),
    nullable("deployment", Text),
    optional("auth_type", OneOf(&["api_key", "entra_api", "entra_oidc", "entra_bearer"])),
    nullable("auth_source", Text),
    optional("no_named_deployment", Bool),
];
const AZURE_AI_GATEWAY: &[Rule] =
    &[required("api_base", Url), optional("auth_type", OneOf(&["api_key"])), nullable("auth_source", Text)];
const BEDROCK: &[Rule] = &[
    required("region", FilledText),
    optional("auth_type", OneOf(&["iam_credentials", "api_key", "assume_role"])),
    nullable("access_key", Text),
    nullable("session_token", Text),
    nullable("external_id", Text),
    nullable("role_arn", Text),
    nullable("api_base", UrlOrEmpty),
];
const FEDERATION: &str = "workload_identity_federation";
const VERTEX: &[Rule] = &[
    required("project", FilledText),
    required("authType", OneOf(&["access_token", "oauth_bearer", "service_account_key", FEDERATION])),
    optional("location", Text),
    nullable("api_base", UrlOrEmpty),
];
const VERTEX_WITH_FEDERATION: &[Rule] = &[
    nullable("connection_id", Text),
    nullable("workload_identity_provider", Text),
    nullable("scopes", TextList),
];
const DATABRICKS: &[Rule] =
    &[required("api_base", Url), optional("auth_type", OneOf(&["pat", "service_principal_oauth"]))];
const API_BASE: &[Rule] = &[nullable("api_base", UrlOrEmpty)];

const fn rules_of(provider: ProviderType) -> &'static [Rule] {
    match provider {
        ProviderType::OpenAi => OPENAI,
        ProviderType::Anthropic => ANTHROPIC,
        ProviderType::Azure => AZURE,
        ProviderType::AzureAiGateway => AZURE_AI_GATEWAY,
        ProviderType::Bedrock => BEDROCK,
        ProviderType::Vertex => VERTEX,
        ProviderType::Databricks => DATABRICKS,
        ProviderType::Mistral | ProviderType::Cohere | ProviderType::Braintrust => API_BASE,
        // Ollama's `api_base` may be anything: a bad one is ignored.
        ProviderType::Ollama
        | ProviderType::Perplexity
        | ProviderType::Google
        | ProviderType::Replicate
        | ProviderType::Together
        | ProviderType::Baseten
        | ProviderType::Groq
        | ProviderType::Lepton
        | ProviderType::Fireworks
        | ProviderType::Cerebras
        | ProviderType::XAi
        | ProviderType::OpenRouter
        | ProviderType::Js => &[],
    }
}

/// The provider of a secret whose type and metadata fit the proxy's schema (wire/braintrust.md 6.2). Metadata that
/// is none fits every type.
///
/// # Errors
/// The first thing that does not fit.
pub fn check_metadata(kind: Option<&str>, metadata: Option<&Metadata>) -> Result<ProviderType, Unfit> {
    let provider = kind.and_then(ProviderType::parse).ok_or(Unfit::UnknownType)?;
    if metadata.is_none() {
        return Ok(provider);
    }
    let object = object(metadata);
    check_rules(EVERY_TYPE, &object)?;
    check_rules(rules_of(provider), &object)?;
    if provider == ProviderType::Vertex && text(&object, "authType") == Some(FEDERATION) {
        check_rules(VERTEX_WITH_FEDERATION, &object)?;
    }
    let models = object.get("customModels").and_then(Value::as_object);
    models.into_iter().flat_map(Map::values).try_for_each(check_model_spec)?;
    check_additional_headers(&object)?;
    Ok(provider)
}

fn check_rules(rules: &[Rule], object: &Map<String, Value>) -> Result<(), Unfit> {
    let found = rules.iter().find_map(|rule| Some((rule.field, rule.problem(object)?)));
    found.map_or(Ok(()), |(field, problem)| Err(Unfit::Metadata { field, problem }))
}

fn check_additional_headers(object: &Map<String, Value>) -> Result<(), Unfit> {
    let headers = object.get("additionalHeaders").and_then(Value::as_object);
    for (name, value) in headers.into_iter().flatten() {
        if !is_token(name) {
            return Err(Unfit::HeaderName);
        }
        if value.as_str().and_then(header_text).is_none() {
            return Err(Unfit::HeaderValue);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples;
    use super::*;

    /// The least that each type takes.
    fn least(kind: &str) -> Value {
        match kind {
            "azure" | "azure_ai_gateway" | "databricks" => json!({"api_base": "https://x.example.com"}),
            "bedrock" => json!({"region": "us-east-1"}),
            "vertex" => json!({"project": "p", "authType": "access_token"}),
            _ => json!({}),
        }
    }

    fn check(kind: &str, object: Value) -> Result<ProviderType, Unfit> {
        check_metadata(Some(kind), samples::metadata(object).as_ref())
    }

    fn with(kind: &str, field: &str, value: &Value) -> Result<ProviderType, Unfit> {
        let mut object = least(kind);
        object[field] = value.clone();
        check(kind, object)
    }

    #[track_caller]
    fn assert_field(kind: &str, field: &'static str, right: &[Value], wrong: &[Value]) {
        for right in right {
            assert_eq!(
                with(kind, field, right),
                Ok(ProviderType::parse(kind).unwrap()),
                "{kind} {field} {right}"
            );
        }
        for wrong in wrong {
            let found = with(kind, field, wrong);
            let is_named = matches!(found, Err(Unfit::Metadata { field: at, .. }) if at == field);
            assert!(is_named, "{kind} {field} {wrong} {found:?}");
        }
    }

    #[test]
    fn no_type_and_an_unknown_type_are_unfit() {
        for kind in [None, Some(""), Some("OpenAI"), Some("gemini"), Some("xai"), Some("openai ")] {
            assert_eq!(check_metadata(kind, None), Err(Unfit::UnknownType), "{kind:?}");
            assert_eq!(check_metadata(kind, samples::metadata(json!({})).as_ref()), Err(Unfit::UnknownType));
        }
    }

    #[test]
    fn no_metadata_fits_every_type_and_so_does_the_least() {
        for provider in ProviderType::ALL {
            assert_eq!(check_metadata(Some(provider.word()), None), Ok(provider));
            assert_eq!(check(provider.word(), least(provider.word())), Ok(provider));
        }
    }

    #[test]
    fn required_fields_are_required() {
        for (kind, object, missing) in [
            ("azure", json!({}), "api_base"),
            ("azure_ai_gateway", json!({}), "api_base"),
            ("databricks", json!({"auth_type": "pat"}), "api_base"),
            ("bedrock", json!({}), "region"),
            ("vertex", json!({"authType": "access_token"}), "project"),
            ("vertex", json!({"project": "p"}), "authType"),
            ("vertex", json!({"project": "p", "auth_type": "access_token"}), "authType"),
        ] {
            let expected = Err(Unfit::Metadata { field: missing, problem: "is required" });
            assert_eq!(check(kind, object.clone()), expected, "{kind} {object}");
        }
    }

    #[test]
    fn the_fields_of_every_type() {
        let (null, text, list) = (json!(null), json!("x"), json!(["x"]));
        for provider in ProviderType::ALL {
            let kind = provider.word();
            let texts = [null.clone(), json!(""), text.clone()];
            assert_field(kind, "models", &[null.clone(), json!([]), list.clone()], &[text.clone(), json!([1])]);
            assert_field(kind, "customModels", &[null.clone(), json!({})], &[list.clone(), text.clone()]);
            let flags = [null.clone(), json!(true), json!(false)];
            assert_field(kind, "excludeDefaultModels", &flags, &[text.clone(), json!(0)]);
            let headers = [null.clone(), json!({}), json!({"X-A": "b"})];
            assert_field(
                kind,
                "additionalHeaders",
                &headers,
                &[list.clone(), json!({"X-A": 1}), json!({"X-A": null})],
            );
            assert_field(
                kind,
                "supportsStreaming",
                &[json!(true), json!(false)],
                &[null.clone(), text.clone()],
            );
            assert_field(kind, "overrideModel", &texts, &[json!(1), list.clone()]);
            assert_field(kind, "overrideSystemPrompt", &texts, &[json!(true), list.clone()]);
            assert_field(kind, "unlisted", &[null.clone(), list.clone(), json!({"a": [1]})], &[]);
        }
    }

    #[test]
    fn the_fields_of_single_types() {
        let (null, text, one) = (json!(null), json!("x"), json!(1));
        let texts = &[null.clone(), json!(""), text.clone()];
        let others = &[one.clone(), json!(["x"]), json!(true)];
        let not_null = &[null.clone(), one.clone(), json!("API_KEY"), json!("")];
        let openai_ways = ["api_key", "oauth_bearer", "workload_identity_federation"].map(|way| json!(way));
        for kind in ["openai", "anthropic"] {
            assert_field(kind, "auth_type", &openai_ways, not_null);
            assert_field(kind, "auth_source", texts, others);
        }
        assert_field("openai", "organization_id", texts, others);
        assert_field("openai", "endpoint_path", texts, others);
        let formats = &[null.clone(), json!("bearer"), json!("api_key")];
        assert_field("openai", "auth_format", formats, &[text.clone(), json!(""), one.clone()]);

        assert_field("azure", "api_version", &[json!(""), text.clone()], &[null.clone(), one.clone()]);
        assert_field("azure", "deployment", texts, others);
        let azure_ways = ["api_key", "entra_api", "entra_oidc", "entra_bearer"].map(|way| json!(way));
        assert_field("azure", "auth_type", &azure_ways, not_null);
        assert_field("azure", "auth_source", texts, others);
        assert_field("azure", "no_named_deployment", &[json!(true)], &[null.clone(), json!("true")]);
        assert_field("azure_ai_gateway", "auth_type", &[json!("api_key")], &[json!("entra_api"), null.clone()]);
        assert_field("azure_ai_gateway", "auth_source", texts, others);

        assert_field("bedrock", "region", &[json!("us-east-1")], &[null.clone(), json!(""), one.clone()]);
        let bedrock_ways = ["iam_credentials", "api_key", "assume_role"].map(|way| json!(way));
        assert_field("bedrock", "auth_type", &bedrock_ways, not_null);
        for field in ["access_key", "session_token", "external_id", "role_arn"] {
            assert_field("bedrock", field, texts, others);
        }

        assert_field("vertex", "project", &[json!("p-1")], &[null.clone(), json!(""), one.clone()]);
        let vertex_ways =
            ["access_token", "oauth_bearer", "service_account_key", FEDERATION].map(|way| json!(way));
        assert_field("vertex", "authType", &vertex_ways, not_null);
        assert_field("vertex", "location", &[json!(""), text.clone()], &[null.clone(), one.clone()]);
        let databricks_ways = ["pat", "service_principal_oauth"].map(|way| json!(way));
        assert_field("databricks", "auth_type", &databricks_ways, not_null);
    }

    #[test]
    fn api_base_is_an_absolute_url_by_the_whatwg_rules() {
        let urls =
            ["https://x.example.com", "HTTP://X", "https://x:8443/v1/", " https://x ", "ftp://x", "mailto:a@b"];
        let right = urls.map(|url| json!(url));
        let bad =
            ["x", "//x", "/v1", "https://", "https://a b", "https://x:99999", "http://[::1", "https://x%00"];
        let mut wrong: Vec<Value> = bad.into_iter().map(|url| json!(url)).collect();
        wrong.extend([json!(1), json!(["https://x"]), json!({})]);
        for kind in ["openai", "bedrock", "vertex", "mistral", "cohere", "braintrust"] {
            assert_field(kind, "api_base", &right, &wrong);
            assert_field(kind, "api_base", &[json!(null), json!("")], &[]);
        }
        for kind in ["azure", "azure_ai_gateway", "databricks"] {
            assert_field(kind, "api_base", &right, &wrong);
            assert_field(kind, "api_base", &[], &[json!(null), json!("")]);
        }
        for kind in ["ollama", "anthropic", "groq", "google", "js"] {
            assert_field(kind, "api_base", &[json!("x"), json!(1), json!(null), json!({})], &[]);
        }
    }

    #[test]
    fn fields_of_federation_count_with_federation_only() {
        for (field, right, wrong) in [
            ("connection_id", json!("x"), json!(1)),
            ("workload_identity_provider", json!("x"), json!([])),
            ("scopes", json!(["a"]), json!("a")),
        ] {
            let with_way = |way: &str, value: &Value| {
                check("vertex", json!({"project": "p", "authType": way, field: value})).is_ok()
            };
            assert!(with_way(FEDERATION, &right) && with_way(FEDERATION, &json!(null)), "{field}");
            assert!(!with_way(FEDERATION, &wrong) && with_way("access_token", &wrong), "{field}");
            let of_another_type = check("groq", json!({"authType": FEDERATION, field: wrong}));
            assert!(of_another_type.is_ok(), "{field}");
        }
    }

    #[test]
    fn custom_models_are_looked_into() {
        let model = |spec: Value| {
            check("groq", json!({"customModels": {"good": {"format": "openai", "flavor": "chat"}, "m": spec}}))
        };
        assert!(model(json!({"format": "converse", "flavor": "both"})).is_ok());
        assert!(matches!(model(json!({"format": "openai"})), Err(Unfit::CustomModel { field: "flavor", .. })));
        assert!(matches!(model(json!(null)), Err(Unfit::Metadata { field: "customModels", .. })));
    }

    #[test]
    fn additional_headers_are_headers() {
        let header = |name: &str, value: &str| check("groq", json!({"additionalHeaders": {name: value}}));
        assert!(header("X-Title", "a b").is_ok() && header("x", "").is_ok() && header("x", "a\r\n").is_ok());
        // What the gateway would not send, a proxy may: it is not the schema that refuses it.
        assert!(header("Authorization", "x").is_ok());
        for name in ["", "a b", "a:b", "a\r\nb", "é"] {
            assert_eq!(header(name, "x"), Err(Unfit::HeaderName), "{name:?}");
        }
        for value in ["a\nb", "\u{e9}", "a\tb", "\0", "🔑"] {
            assert_eq!(header("x", value), Err(Unfit::HeaderValue), "{value:?}");
        }
    }

    #[test]
    fn what_is_said_names_the_field_and_never_what_is_in_it() {
        let unfit = with("openai", "api_base", &json!("canary-7f3a")).unwrap_err();
        assert_eq!(unfit.to_string(), "metadata.api_base must be an absolute URL or empty");
        let unfit = with("groq", "additionalHeaders", &json!({"x": "canary\n7f3a"})).unwrap_err();
        assert!(unfit.to_string().contains("additionalHeaders") && !unfit.to_string().contains("canary"));
    }
}
