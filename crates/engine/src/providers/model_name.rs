//! What else a model's name tells.

use keyholt_types::Metadata;
use serde_json::Value;

use super::fields::{object, texts};
use super::provider_type::ProviderType;

/// `provider/model`, split at the first slash, when what stands before it is a provider's type and something stands
/// behind it (design/decisions.md 24). Whether a secret lists the whole text as a model is asked first:
/// [`lists_model`].
#[must_use]
pub fn split_provider(model: &str) -> Option<(ProviderType, &str)> {
    let (provider, rest) = model.split_once('/')?;
    let provider = ProviderType::parse(provider)?;
    (!rest.is_empty()).then_some((provider, rest))
}

/// Whether a secret's metadata name this model themselves, in `models` or `customModels`.
#[must_use]
pub fn lists_model(metadata: Option<&Metadata>, model: &str) -> bool {
    let object = object(metadata);
    let custom = object.get("customModels").and_then(Value::as_object);
    texts(object.get("models")).any(|listed| listed == model)
        || custom.is_some_and(|one| one.contains_key(model))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples;
    use super::*;

    #[test]
    fn a_model_is_split_behind_a_provider_only() {
        for (model, expected) in [
            ("openai/gpt-4o", Some((ProviderType::OpenAi, "gpt-4o"))),
            ("openrouter/openai/gpt-4o", Some((ProviderType::OpenRouter, "openai/gpt-4o"))),
            ("xAI/grok-4", Some((ProviderType::XAi, "grok-4"))),
            ("groq/meta-llama/llama-4", Some((ProviderType::Groq, "meta-llama/llama-4"))),
            ("google//x", Some((ProviderType::Google, "/x"))),
            ("gpt-4o", None),
            ("openai/", None),
            ("openai", None),
            ("OpenAI/gpt-4o", None),
            ("xai/grok-4", None),
            ("meta-llama/llama-4", None),
            ("accounts/fireworks/models/x", None),
            ("publishers/google/models/x", None),
            ("/gpt-4o", None),
            ("", None),
        ] {
            assert_eq!(split_provider(model), expected, "{model}");
        }
    }

    #[test]
    fn a_model_is_listed_under_its_whole_name() {
        let metadata = samples::metadata(json!({"models": ["openai/x"], "customModels": {"groq/y": {}}}));
        for (model, expected) in [("openai/x", true), ("groq/y", true), ("x", false), ("y", false), ("", false)]
        {
            assert_eq!(lists_model(metadata.as_ref(), model), expected, "{model}");
        }
        assert!(!lists_model(None, "openai/x"));
    }
}
