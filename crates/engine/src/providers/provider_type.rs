//! The types of secrets that stand for a provider.

/// A secret's type that an AI proxy knows: one of 23 words, of exact case (wire/braintrust.md 6.2). A secret may
/// have any other type too, and is then kept but never used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the provider of that name")]
pub enum ProviderType {
    Perplexity,
    Google,
    Replicate,
    Together,
    Baseten,
    Groq,
    Lepton,
    Fireworks,
    Cerebras,
    XAi,
    OpenRouter,
    Js,
    Anthropic,
    Braintrust,
    OpenAi,
    Azure,
    AzureAiGateway,
    Bedrock,
    Vertex,
    Databricks,
    Mistral,
    Cohere,
    Ollama,
}

impl ProviderType {
    /// All of them, in the wire's order.
    pub const ALL: [Self; 23] = [
        Self::Perplexity,
        Self::Google,
        Self::Replicate,
        Self::Together,
        Self::Baseten,
        Self::Groq,
        Self::Lepton,
        Self::Fireworks,
        Self::Cerebras,
        Self::XAi,
        Self::OpenRouter,
        Self::Js,
        Self::Anthropic,
        Self::Braintrust,
        Self::OpenAi,
        Self::Azure,
        Self::AzureAiGateway,
        Self::Bedrock,
        Self::Vertex,
        Self::Databricks,
        Self::Mistral,
        Self::Cohere,
        Self::Ollama,
    ];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Perplexity => "perplexity",
            Self::Google => "google",
            Self::Replicate => "replicate",
            Self::Together => "together",
            Self::Baseten => "baseten",
            Self::Groq => "groq",
            Self::Lepton => "lepton",
            Self::Fireworks => "fireworks",
            Self::Cerebras => "cerebras",
            Self::XAi => "xAI",
            Self::OpenRouter => "openrouter",
            Self::Js => "js",
            Self::Anthropic => "anthropic",
            Self::Braintrust => "braintrust",
            Self::OpenAi => "openai",
            Self::Azure => "azure",
            Self::AzureAiGateway => "azure_ai_gateway",
            Self::Bedrock => "bedrock",
            Self::Vertex => "vertex",
            Self::Databricks => "databricks",
            Self::Mistral => "mistral",
            Self::Cohere => "cohere",
            Self::Ollama => "ollama",
        }
    }

    /// Reads the word for it; `None` for any other, and for one of other case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_wire() {
        let wire = "perplexity google replicate together baseten groq lepton fireworks cerebras xAI openrouter js \
                    anthropic braintrust openai azure azure_ai_gateway bedrock vertex databricks mistral cohere ollama";
        let words: Vec<&str> = ProviderType::ALL.into_iter().map(ProviderType::word).collect();
        assert_eq!(words, wire.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn a_word_comes_back_in_its_exact_case_only() {
        for provider in ProviderType::ALL {
            assert_eq!(ProviderType::parse(provider.word()), Some(provider));
        }
        for other in ["", "OpenAI", "xai", "XAI", "openai ", "azure-ai-gateway", "gemini", "null"] {
            assert_eq!(ProviderType::parse(other), None, "{other}");
        }
    }
}
