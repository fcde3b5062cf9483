//! Where the providers are.

use super::provider_type::ProviderType;

/// The addresses of a provider's API, without a slash at the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bases {
    /// Of its own API.
    pub(super) own: &'static str,
    /// Of one that understands requests in OpenAI's format, where it has one.
    pub(super) openai: Option<&'static str>,
}

const fn both(base: &'static str) -> Option<Bases> {
    Some(Bases { own: base, openai: Some(base) })
}

/// The addresses of a provider that has the same ones for everybody, as its documentation gives them. To change
/// one unbinds all values of that type, which then must be confirmed (design/decisions.md 22).
pub(super) const fn official_bases(provider: ProviderType) -> Option<Bases> {
    match provider {
        ProviderType::OpenAi => both("https://api.openai.com/v1"),
        ProviderType::Anthropic => both("https://api.anthropic.com/v1"),
        ProviderType::Google => Some(Bases {
            own: "https://generativelanguage.googleapis.com",
            openai: Some("https://generativelanguage.googleapis.com/v1beta/openai"),
        }),
        ProviderType::Mistral => both("https://api.mistral.ai/v1"),
        ProviderType::Cohere => Some(Bases {
            own: "https://api.cohere.com",
            openai: Some("https://api.cohere.ai/compatibility/v1"),
        }),
        ProviderType::Groq => both("https://api.groq.com/openai/v1"),
        ProviderType::Perplexity => both("https://api.perplexity.ai"),
        ProviderType::Together => both("https://api.together.xyz/v1"),
        ProviderType::Fireworks => both("https://api.fireworks.ai/inference/v1"),
        ProviderType::Cerebras => both("https://api.cerebras.ai/v1"),
        ProviderType::XAi => both("https://api.x.ai/v1"),
        ProviderType::OpenRouter => both("https://openrouter.ai/api/v1"),
        ProviderType::Baseten => both("https://inference.baseten.co/v1"),
        ProviderType::Replicate => Some(Bases { own: "https://api.replicate.com/v1", openai: None }),
        // Each secret of these has an address of its own, or none that is known.
        ProviderType::Azure
        | ProviderType::AzureAiGateway
        | ProviderType::Bedrock
        | ProviderType::Vertex
        | ProviderType::Databricks
        | ProviderType::Ollama
        | ProviderType::Lepton
        | ProviderType::Js
        | ProviderType::Braintrust => None,
    }
}

/// Whether `metadata.api_base` stands for the provider's own address: for every type that is used through the
/// gateway, since companies put addresses of their own before any of them. Proxies follow it for the types of the
/// wire's table only (wire/braintrust.md 6.2); the value is bound to both.
pub(super) const fn takes_api_base(provider: ProviderType) -> bool {
    !matches!(provider, ProviderType::Lepton | ProviderType::Js)
}
