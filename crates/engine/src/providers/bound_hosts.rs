//! To what a value is bound when it is written (design/decisions.md 22).

use std::collections::BTreeSet;

use keyholt_types::Metadata;
use serde_json::{Map, Value};

use super::address::{host, parse};
use super::fields::{is_place, object, text, texts};
use super::hosts::destination;
use super::provider_type::ProviderType;

/// Everywhere that the value of a secret of this type and metadata may be sent, by the gateway or by an AI proxy that
/// resolves it, as one text to be sealed with the value and compared later: hosts as `scheme://host:port`,
/// lower-case, the port written out, in order, a blank between them. `None` where there is no type or it is no
/// provider's: such a value is sent nowhere.
///
/// A proxy is given the metadata as they are, and builds hosts of them with less care than is taken here. What it
/// could make another host of stands in the text as it is written, so that changing it unbinds the value; a type
/// whose hosts are not known stands there as its word, so that changing the type does.
#[must_use]
pub fn bound_hosts(kind: Option<&str>, metadata: Option<&Metadata>) -> Option<Box<str>> {
    let provider = ProviderType::parse(kind?)?;
    let object = object(metadata);
    let mut bound: BTreeSet<String> = BTreeSet::new();
    match destination(provider, metadata) {
        Ok(destination) => bound.extend(destination.hosts().into_iter().map(String::from)),
        Err(_) => {
            bound.insert(provider.word().to_owned());
        }
    }
    // Of any type: a proxy may follow it where we would not.
    bound.extend(api_base_of(&object));
    bound.extend(places_of(provider, &object).filter(|(_, place)| !is_place(place)).map(as_written));
    bound.extend(endpoint_path_of(&object).map(as_written));
    bound.extend(models_of(provider, &object).map(as_written));
    Some(bound.into_iter().collect::<Vec<_>>().join(" ").into())
}

/// In quotes with escapes: no text can look like two, or like a host.
fn as_written((field, text): (&str, &str)) -> String {
    format!("{field}={}", Value::from(text))
}

fn api_base_of(object: &Map<String, Value>) -> Option<String> {
    match object.get("api_base")? {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => {
            Some(parse(text).map_or_else(|_| as_written(("api_base", text)), |url| host(&url).into()))
        }
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Some(format!("api_base={other}"))
        }
    }
}

/// Names that become a part of a host.
fn places_of(
    provider: ProviderType,
    object: &Map<String, Value>,
) -> impl Iterator<Item = (&'static str, &str)> {
    let is_bedrock = provider == ProviderType::Bedrock;
    let is_vertex = provider == ProviderType::Vertex;
    let region = text(object, "region").filter(|_| is_bedrock).map(|region| ("region", region));
    let location = text(object, "location").filter(|_| is_vertex).map(|location| ("location", location));
    let models = object.get("customModels").and_then(Value::as_object).filter(|_| is_vertex);
    let of_models = models.into_iter().flat_map(Map::values).flat_map(|model| texts(model.get("locations")));
    region.into_iter().chain(location).chain(of_models.map(|location| ("locations", location)))
}

/// A path that is none: joined to a base it could name another host.
fn endpoint_path_of(object: &Map<String, Value>) -> Option<(&'static str, &str)> {
    let path = text(object, "endpoint_path")?;
    let is_path = path.strip_prefix('/').is_some_and(|rest| {
        rest.chars().next().is_none_or(|first| !matches!(first, '/' | '\\') && !first.is_control())
    });
    (!is_path).then_some(("endpoint_path", path))
}

/// Lepton's hosts have the model's name in them.
fn models_of(
    provider: ProviderType,
    object: &Map<String, Value>,
) -> impl Iterator<Item = (&'static str, &str)> {
    let is_lepton = provider == ProviderType::Lepton;
    let is_label = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let custom = object.get("customModels").and_then(Value::as_object);
    let custom = custom.into_iter().flat_map(Map::keys).map(String::as_str);
    let models = texts(object.get("models")).chain(custom);
    models.filter(move |name| is_lepton && !is_label(name)).map(|name| ("model", name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples;
    use super::*;

    fn bound(kind: &str, object: Value) -> Option<String> {
        bound_hosts(Some(kind), samples::metadata(object).as_ref()).map(String::from)
    }

    #[test]
    fn a_value_is_bound_to_the_hosts_of_its_destination() {
        for (kind, object, expected) in [
            ("openai", json!(null), "https://api.openai.com:443"),
            ("openai", json!({"api_base": ""}), "https://api.openai.com:443"),
            ("openai", json!({"api_base": "https://X.example.com/v1"}), "https://x.example.com:443"),
            ("openai", json!({"api_base": "http://10.0.3.4:11434"}), "http://10.0.3.4:11434"),
            ("openai", json!({"endpoint_path": "/v2/chat"}), "https://api.openai.com:443"),
            ("google", json!({}), "https://generativelanguage.googleapis.com:443"),
            ("cohere", json!({}), "https://api.cohere.ai:443 https://api.cohere.com:443"),
            ("azure", json!({"api_base": "https://a.openai.azure.com"}), "https://a.openai.azure.com:443"),
            ("bedrock", json!({"region": "eu-west-1"}), "https://bedrock-runtime.eu-west-1.amazonaws.com:443"),
            ("vertex", json!({"project": "p"}), "https://us-central1-aiplatform.googleapis.com:443"),
            ("vertex", json!({"project": "p", "location": "global"}), "https://aiplatform.googleapis.com:443"),
            ("databricks", json!({"api_base": "https://d.example.com"}), "https://d.example.com:443"),
            ("ollama", json!({"api_base": "http://localhost:11434/v1"}), "http://localhost:11434"),
            ("replicate", json!({}), "https://api.replicate.com:443"),
        ] {
            assert_eq!(bound(kind, object.clone()).as_deref(), Some(expected), "{kind} {object}");
        }
    }

    #[test]
    fn what_is_sent_nowhere_is_bound_to_nothing() {
        for kind in [None, Some(""), Some("gemini"), Some("OpenAI")] {
            let metadata = samples::metadata(json!({"api_base": "https://x.example.com"}));
            assert_eq!(bound_hosts(kind, metadata.as_ref()), None, "{kind:?}");
        }
    }

    #[test]
    fn every_provider_has_a_text_of_its_own_or_hosts() {
        for provider in ProviderType::ALL {
            assert!(bound(provider.word(), json!(null)).is_some_and(|text| !text.is_empty()), "{provider:?}");
        }
        let texts = ["js", "braintrust", "lepton", "ollama"].map(|kind| bound(kind, json!({})).unwrap());
        assert_eq!(texts, ["js", "braintrust", "lepton", "ollama"]);
    }

    #[test]
    fn what_could_lead_a_proxy_elsewhere_changes_the_text() {
        let spec =
            |locations: Value| json!({"m": {"format": "openai", "flavor": "chat", "locations": locations}});
        for (kind, before, after) in [
            ("openai", json!({}), json!({"api_base": "https://evil.example.com"})),
            (
                "openai",
                json!({"api_base": "https://x.example.com"}),
                json!({"api_base": "http://x.example.com"}),
            ),
            (
                "openai",
                json!({"api_base": "https://x.example.com"}),
                json!({"api_base": "https://x.example.com:8443"}),
            ),
            ("openai", json!({"api_base": "https://x.example.com"}), json!({})),
            ("openai", json!({}), json!({"api_base": "https://user@evil.example.com"})),
            ("openai", json!({}), json!({"api_base": "evil"})),
            ("openai", json!({}), json!({"api_base": ["https://evil.example.com"]})),
            ("openai", json!({}), json!({"endpoint_path": "//evil.example.com/"})),
            ("openai", json!({}), json!({"endpoint_path": "/\\evil.example.com/"})),
            ("openai", json!({}), json!({"endpoint_path": "/\t/evil.example.com/"})),
            ("openai", json!({}), json!({"endpoint_path": "https://evil.example.com/"})),
            ("openai", json!({}), json!({"endpoint_path": "@evil.example.com/"})),
            ("groq", json!({}), json!({"api_base": "https://evil.example.com"})),
            ("anthropic", json!({}), json!({"api_base": "https://evil.example.com"})),
            ("braintrust", json!({}), json!({"api_base": "https://evil.example.com"})),
            ("ollama", json!({}), json!({"api_base": "evil:1"})),
            ("bedrock", json!({"region": "us-east-1"}), json!({"region": "us-west-2"})),
            ("bedrock", json!({"region": "us-east-1"}), json!({"region": "evil.example.com/"})),
            ("bedrock", json!({"region": "a/"}), json!({"region": "b/"})),
            ("vertex", json!({"project": "p"}), json!({"project": "p", "location": "eu"})),
            ("vertex", json!({"project": "p"}), json!({"project": "p", "location": "evil.example.com/"})),
            (
                "vertex",
                json!({"project": "p"}),
                json!({"project": "p", "customModels": spec(json!(["evil/"]))}),
            ),
            ("lepton", json!({"models": ["llama3"]}), json!({"models": ["evil.example.com/"]})),
            ("lepton", json!({}), json!({"customModels": {"evil.example.com/": {}}})),
        ] {
            assert_ne!(bound(kind, before.clone()), bound(kind, after.clone()), "{kind} {before} {after}");
        }
        assert_ne!(bound("openai", json!({})), bound("groq", json!({})));
        assert_ne!(bound("js", json!({})), bound("braintrust", json!({})));
    }

    #[test]
    fn what_leads_nowhere_else_does_not() {
        let spec =
            |locations: Value| json!({"m": {"format": "openai", "flavor": "chat", "locations": locations}});
        for (kind, before, after) in [
            (
                "openai",
                json!(null),
                json!({"models": ["x"], "organization_id": "o", "supportsStreaming": true}),
            ),
            ("openai", json!({}), json!({"endpoint_path": "/v2/chat/completions"})),
            (
                "openai",
                json!({"api_base": "https://x.example.com/v1"}),
                json!({"api_base": "HTTPS://X.example.com:443/v2/"}),
            ),
            ("azure", json!({"api_base": "https://x"}), json!({"api_base": "https://x", "deployment": "d"})),
            (
                "vertex",
                json!({"project": "p"}),
                json!({"project": "q", "customModels": spec(json!(["us-east5"]))}),
            ),
            ("lepton", json!({"models": ["llama3"]}), json!({"models": ["llama3", "Mixtral-8x7b"]})),
            ("groq", json!({"models": []}), json!({"models": ["a/b"]})),
        ] {
            assert_eq!(bound(kind, before.clone()), bound(kind, after.clone()), "{kind} {before} {after}");
        }
    }

    #[test]
    fn no_field_can_be_written_to_look_like_a_host() {
        let forged = bound("groq", json!({"api_base": "x https://api.openai.com:443"})).unwrap();
        assert_eq!(forged, r#"api_base="x https://api.openai.com:443" groq"#);
    }
}
