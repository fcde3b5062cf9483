//! Which secrets serve a model (wire/braintrust.md 6.3).

use keyholt_types::Metadata;

use super::models::Models;
use super::provider_type::ProviderType::{
    self, Anthropic, Azure, Bedrock, Cohere, Databricks, Fireworks, Google, Mistral, OpenAi, Perplexity,
    Vertex, XAi,
};

const BEDROCK_VENDORS: &[&str] = &[
    "amazon.",
    "anthropic.",
    "meta.",
    "mistral.",
    "cohere.",
    "ai21.",
    "deepseek.",
    "openai.",
    "qwen.",
    "google.",
    "minimax.",
    "moonshot.",
    "moonshotai.",
    "nvidia.",
    "writer.",
    "xai.",
    "zai.",
];
const BEDROCK_REGIONS: &[&str] = &["", "us.", "us-gov.", "eu.", "apac.", "jp.", "au.", "global."];

/// The other prefixes, in the wire's order.
const PREFIXES: &[(&[&str], &[ProviderType])] = &[
    (&["accounts/fireworks/"], &[Fireworks]),
    (&["publishers/"], &[Vertex]),
    (&["databricks-"], &[Databricks]),
    // Open weights that many serve under this name: none of them is meant.
    (&["gpt-oss"], &[]),
    (
        &[
            "gpt-",
            "chatgpt-",
            "o1",
            "o3",
            "o4",
            "text-embedding-",
            "text-moderation-",
            "omni-moderation-",
            "dall-e-",
            "whisper-",
            "tts-",
            "codex-",
            "sora-",
            "babbage-",
            "davinci-",
            "ft:",
        ],
        &[OpenAi, Azure],
    ),
    (&["claude-"], &[Anthropic]),
    (&["gemini-", "learnlm-"], &[Google]),
    (&["grok-"], &[XAi]),
    (&["sonar"], &[Perplexity]),
    (&["command-", "c4ai-"], &[Cohere]),
    (
        &[
            "mistral-",
            "ministral-",
            "magistral-",
            "codestral-",
            "devstral-",
            "pixtral-",
            "voxtral-",
            "open-mistral-",
            "open-mixtral-",
        ],
        &[Mistral],
    ),
];

/// Prefixes of models' names, and who serves a model whose name begins so. The first one that fits counts;
/// compared byte by byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRules(Vec<(Box<str>, Vec<ProviderType>)>);

impl Default for ModelRules {
    /// The wire's table.
    fn default() -> Self {
        let mut rules = Vec::new();
        for (prefixes, providers) in PREFIXES {
            rules.extend(prefixes.iter().map(|prefix| (Box::from(*prefix), providers.to_vec())));
        }
        // No prefix of the one kind begins one of the other: their order does not matter.
        for region in BEDROCK_REGIONS {
            let prefixes = BEDROCK_VENDORS.iter().map(|vendor| format!("{region}{vendor}").into());
            rules.extend(prefixes.map(|prefix| (prefix, vec![Bedrock])));
        }
        Self(rules)
    }
}

impl ModelRules {
    /// The operator's rules before those of the wire, the longest prefix first; a rule of the wire with the same
    /// prefix is left out. A rule without providers says that nobody serves such models by their name.
    #[must_use]
    pub fn with(extra: Vec<(Box<str>, Vec<ProviderType>)>) -> Self {
        let mut rules = extra;
        // A longer prefix behind a shorter one that begins it would never be reached.
        rules.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        let defaults = Self::default().0;
        let kept: Vec<_> =
            defaults.into_iter().filter(|(prefix, _)| !rules.iter().any(|(own, _)| own == prefix)).collect();
        rules.extend(kept);
        Self(rules)
    }

    /// Who serves a model by its name alone.
    #[must_use]
    pub fn providers_of(&self, model: &str) -> &[ProviderType] {
        let found = self.0.iter().find(|(prefix, _)| model.starts_with(&**prefix));
        found.map_or(&[], |(_, providers)| providers)
    }

    /// Whether a secret of this type and metadata serves a model; without a model every one does
    /// (wire/braintrust.md 6.3).
    #[must_use]
    pub fn matches(&self, provider: ProviderType, metadata: Option<&Metadata>, model: Option<&str>) -> bool {
        model.is_none_or(|model| self.wanted(model).is_served_by(provider, &Models::of(metadata)))
    }

    /// A model that is looked for among many secrets.
    #[must_use]
    pub fn wanted<'a>(&'a self, model: &'a str) -> WantedModel<'a> {
        WantedModel { model, by_name: self.providers_of(model) }
    }
}

/// A model, and who serves it by its name alone.
#[derive(Debug, Clone, Copy)]
pub struct WantedModel<'a> {
    model: &'a str,
    by_name: &'a [ProviderType],
}

impl<'a> WantedModel<'a> {
    /// The types that serve it by its name.
    #[must_use]
    pub const fn by_name(&self) -> &'a [ProviderType] {
        self.by_name
    }

    /// Whether a secret of this type, whose metadata say this of models, serves it.
    #[must_use]
    pub fn is_served_by(&self, provider: ProviderType, models: &Models) -> bool {
        models.serve(self.model, self.by_name.contains(&provider))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples;
    use super::*;

    fn words(rules: &ModelRules, model: &str) -> String {
        let words: Vec<&str> = rules.providers_of(model).iter().map(|provider| provider.word()).collect();
        words.join(" ")
    }

    #[test]
    fn names_lead_to_providers() {
        let rules = ModelRules::default();
        for (models, expected) in [
            ("accounts/fireworks/models/llama-v3", "fireworks"),
            ("publishers/google/models/gemini-2.5-pro publishers/anthropic/models/claude-4", "vertex"),
            ("databricks-claude-sonnet-4", "databricks"),
            ("gpt-4o gpt-5-mini chatgpt-4o-latest o1 o1-mini o3 o3-pro o4-mini", "openai azure"),
            ("text-embedding-3-small text-moderation-latest omni-moderation-latest dall-e-3", "openai azure"),
            ("whisper-1 tts-1 codex-mini-latest sora-2 babbage-002 davinci-002 ft:gpt-4o:x", "openai azure"),
            ("claude-sonnet-4-5 claude-", "anthropic"),
            ("gemini-2.5-flash learnlm-2.0", "google"),
            ("grok-4", "xAI"),
            ("sonar sonar-pro", "perplexity"),
            ("command-r command-a-03-2025 c4ai-aya", "cohere"),
            ("mistral-large-latest ministral-8b magistral-small codestral-2501 devstral-small", "mistral"),
            ("pixtral-12b voxtral-mini open-mistral-7b open-mixtral-8x7b", "mistral"),
            ("gpt-oss-120b gpt-oss GPT-4o gpt4 Claude-3 claude llama-3 deepseek-chat meta-llama/x", ""),
            ("openai/gpt-4o gemini command mistral o2 us.llama us gpt accounts/x x-gpt-4 publisher", ""),
        ] {
            for model in models.split_whitespace() {
                assert_eq!(words(&rules, model), expected, "{model}");
            }
        }
    }

    #[test]
    fn bedrock_has_vendors_in_regions() {
        let rules = ModelRules::default();
        let vendors = "amazon anthropic meta mistral cohere ai21 deepseek openai qwen google minimax moonshot moonshotai \
                       nvidia writer xai zai";
        for vendor in vendors.split_whitespace() {
            for region in ["", "us.", "us-gov.", "eu.", "apac.", "jp.", "au.", "global."] {
                assert_eq!(words(&rules, &format!("{region}{vendor}.model-v1:0")), "bedrock");
            }
            for other in ["cn.", "US.", "us.eu.", "."] {
                assert_eq!(words(&rules, &format!("{other}{vendor}.model-v1:0")), "");
            }
            assert_eq!(words(&rules, vendor), "");
        }
    }

    #[test]
    fn the_operators_rules_come_first_and_replace() {
        let rules = ModelRules::with(vec![
            ("gpt-".into(), vec![OpenAi]),
            ("llama-".into(), vec![ProviderType::Groq, ProviderType::Together]),
            ("gpt-4o".into(), vec![Azure]),
            ("claude-".into(), vec![]),
            ("claude-3".into(), vec![Bedrock]),
        ]);
        assert_eq!(words(&rules, "gpt-5"), "openai");
        assert_eq!(words(&rules, "gpt-4o-mini"), "azure", "the longest of the operator's");
        assert_eq!(words(&rules, "gpt-oss-20b"), "openai", "before the rules of the wire");
        assert_eq!(words(&rules, "llama-3"), "groq together");
        assert_eq!(words(&rules, "claude-4"), "");
        assert_eq!(words(&rules, "claude-3-opus"), "bedrock");
        assert_eq!(words(&rules, "o3"), "openai azure");
        let prefixes = |rules: &ModelRules| rules.0.iter().filter(|(prefix, _)| &**prefix == "gpt-").count();
        assert_eq!(prefixes(&rules), 1);
        assert_eq!(ModelRules::with(Vec::new()), ModelRules::default());
    }

    #[test]
    fn a_secret_serves_what_the_wire_says() {
        let custom = json!({"format": "openai", "flavor": "chat"});
        for (kind, object, model, expected) in [
            ("openai", json!(null), "gpt-4o", true),
            ("openai", json!({}), "gpt-4o", true),
            ("azure", json!({}), "gpt-4o", true),
            ("groq", json!({}), "gpt-4o", false),
            ("openai", json!({}), "claude-4", false),
            ("openai", json!({}), "gpt-oss-20b", false),
            ("openai", json!({"models": null}), "gpt-4o", true),
            ("openai", json!({"models": []}), "gpt-4o", true),
            ("openai", json!({"models": ["gpt-4o"]}), "gpt-4o", true),
            ("openai", json!({"models": ["gpt-4o"]}), "gpt-5", false),
            ("openai", json!({"models": ["gpt-4"]}), "gpt-4o", false),
            ("groq", json!({"models": ["llama-3"]}), "llama-3", true),
            ("groq", json!({"models": ["llama-3"]}), "Llama-3", false),
            ("groq", json!({"customModels": {"llama-3": custom}}), "llama-3", true),
            ("groq", json!({"customModels": {"llama-3": custom}}), "llama-4", false),
            ("groq", json!({"customModels": null}), "llama-3", false),
            ("groq", json!({"models": ["other"], "customModels": {"llama-3": custom}}), "llama-3", false),
            ("groq", json!({"models": ["llama-3"], "customModels": {"x": custom}}), "llama-3", true),
            ("openai", json!({"excludeDefaultModels": true}), "gpt-4o", false),
            ("openai", json!({"excludeDefaultModels": false}), "gpt-4o", true),
            ("openai", json!({"excludeDefaultModels": null}), "gpt-4o", true),
            ("openai", json!({"excludeDefaultModels": true, "models": ["gpt-4o"]}), "gpt-4o", true),
            ("openai", json!({"excludeDefaultModels": true, "customModels": {"m": custom}}), "m", true),
            ("openai", json!({"excludeDefaultModels": true, "customModels": {"m": custom}}), "gpt-4o", false),
            ("openai", json!({"customModels": {"m": custom}}), "gpt-4o", true),
            ("openai", json!({}), "", false),
            ("bedrock", json!({"region": "us-east-1"}), "us.anthropic.claude-4-v1:0", true),
            ("anthropic", json!({}), "us.anthropic.claude-4-v1:0", false),
        ] {
            let (provider, metadata) = (ProviderType::parse(kind).unwrap(), samples::metadata(object.clone()));
            let rules = ModelRules::default();
            assert_eq!(
                rules.matches(provider, metadata.as_ref(), Some(model)),
                expected,
                "{kind} {object} {model}"
            );
            assert!(rules.matches(provider, metadata.as_ref(), None), "no model is served by all");
        }
    }
}
