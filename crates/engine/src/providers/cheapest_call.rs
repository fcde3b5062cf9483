//! Whether a key works at all.

use keyholt_types::Metadata;
use url::Url;

use super::address::below;
use super::hosts::destination;
use super::provider_type::ProviderType;

/// A request that costs nothing and fails with 401 or 403 for a key that does not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheapestCall {
    /// The method.
    pub method: &'static str,
    /// Where it goes: below the secret's destination.
    pub url: Url,
}

/// The request to test a key with, in the provider's own format; `None` where none is known, and where there is no
/// destination.
#[must_use]
pub fn cheapest_call(provider: ProviderType, metadata: Option<&Metadata>) -> Option<CheapestCall> {
    let (path, query): (&[&str], Option<&str>) = match provider {
        ProviderType::OpenAi
        | ProviderType::Mistral
        | ProviderType::Groq
        | ProviderType::Together
        | ProviderType::Fireworks
        | ProviderType::Cerebras
        | ProviderType::XAi
        | ProviderType::Baseten
        | ProviderType::Ollama => (&["models"], None),
        ProviderType::Anthropic => (&["models"], Some("limit=1")),
        ProviderType::Google => (&["v1beta", "models"], Some("pageSize=1")),
        // Everybody may list its models, so that tells nothing of a key.
        ProviderType::OpenRouter => (&["key"], None),
        ProviderType::Cohere
        | ProviderType::Perplexity
        | ProviderType::Replicate
        | ProviderType::Lepton
        | ProviderType::Js
        | ProviderType::Braintrust
        | ProviderType::Azure
        | ProviderType::AzureAiGateway
        | ProviderType::Bedrock
        | ProviderType::Vertex
        | ProviderType::Databricks => return None,
    };
    let mut url = below(destination(provider, metadata).ok()?.base, path);
    url.set_query(query);
    Some(CheapestCall { method: "GET", url })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::samples;
    use super::*;

    fn call(kind: &str, object: Value) -> Option<String> {
        let found = cheapest_call(ProviderType::parse(kind).unwrap(), samples::metadata(object).as_ref());
        found.map(|call| format!("{} {}", call.method, call.url))
    }

    #[test]
    fn a_key_is_tested_by_what_costs_nothing() {
        for (kind, object, expected) in [
            ("openai", json!(null), "GET https://api.openai.com/v1/models"),
            ("openai", json!({"api_base": "https://x.example.com/v1/"}), "GET https://x.example.com/v1/models"),
            ("anthropic", json!(null), "GET https://api.anthropic.com/v1/models?limit=1"),
            ("google", json!(null), "GET https://generativelanguage.googleapis.com/v1beta/models?pageSize=1"),
            ("mistral", json!(null), "GET https://api.mistral.ai/v1/models"),
            ("groq", json!(null), "GET https://api.groq.com/openai/v1/models"),
            ("together", json!(null), "GET https://api.together.xyz/v1/models"),
            ("fireworks", json!(null), "GET https://api.fireworks.ai/inference/v1/models"),
            ("cerebras", json!(null), "GET https://api.cerebras.ai/v1/models"),
            ("xAI", json!(null), "GET https://api.x.ai/v1/models"),
            ("baseten", json!(null), "GET https://inference.baseten.co/v1/models"),
            ("openrouter", json!(null), "GET https://openrouter.ai/api/v1/key"),
            (
                "ollama",
                json!({"api_base": "http://localhost:11434/v1"}),
                "GET http://localhost:11434/v1/models",
            ),
        ] {
            assert_eq!(call(kind, object.clone()).as_deref(), Some(expected), "{kind} {object}");
        }
    }

    #[test]
    fn where_none_is_known_there_is_none() {
        let object = json!({"api_base": "https://x.example.com", "region": "eu-west-1", "project": "p"});
        for kind in
            ["azure", "azure_ai_gateway", "bedrock", "vertex", "databricks", "cohere", "perplexity", "js"]
        {
            assert_eq!(call(kind, object.clone()), None, "{kind}");
        }
        for (kind, object) in [("ollama", json!(null)), ("openai", json!({"api_base": "ftp://x"}))] {
            assert_eq!(call(kind, object), None, "{kind}");
        }
    }
}
