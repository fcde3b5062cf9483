//! Which providers serve models that they are not known for.

use keyholt_engine::providers::{ModelRules, ProviderType};
use serde::Deserialize;

use super::UsageError;

/// A rule of the file: `[[models]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelRule {
    /// How the models' names begin.
    prefix: String,
    /// The types of providers that serve them; none says that nobody does.
    providers: Vec<String>,
}

/// The rules, before those that hold in any case.
///
/// # Errors
/// When a prefix is empty or given twice, or a provider is none.
pub(super) fn model_rules(given: &[ModelRule]) -> Result<ModelRules, UsageError> {
    let mut rules: Vec<(Box<str>, Vec<ProviderType>)> = Vec::new();
    for ModelRule { prefix, providers } in given {
        if prefix.is_empty() || rules.iter().any(|(other, _)| **other == **prefix) {
            return Err(UsageError("models: prefix must not be empty and must stand there once".to_owned()));
        }
        let parsed = providers.iter().map(|word| ProviderType::parse(word)).collect::<Option<_>>();
        let parsed = parsed.ok_or_else(|| {
            UsageError(format!("models: the providers of {prefix:?} must be types of secrets, such as openai"))
        })?;
        rules.push((prefix.as_str().into(), parsed));
    }
    Ok(ModelRules::with(rules))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(prefix: &str, providers: &[&str]) -> ModelRule {
        ModelRule {
            prefix: prefix.to_owned(),
            providers: providers.iter().map(|word| (*word).to_owned()).collect(),
        }
    }

    #[test]
    fn a_rule_says_who_serves_a_model() {
        let rules = model_rules(&[rule("acme-", &["ollama", "openai"]), rule("gpt-5", &[])]).unwrap();
        assert_eq!(rules.providers_of("acme-1"), [ProviderType::Ollama, ProviderType::OpenAi]);
        assert!(rules.providers_of("gpt-5-mini").is_empty());
        assert!(rules.providers_of("gpt-4o").contains(&ProviderType::OpenAi));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for rules in
            [vec![rule("", &["openai"])], vec![rule("a", &["nobody"])], vec![rule("a", &[]), rule("a", &[])]]
        {
            assert!(model_rules(&rules).unwrap_err().to_string().starts_with("models: "));
        }
    }
}
