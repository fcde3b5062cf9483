//! The models that a secret's metadata name.

use keyholt_types::Metadata;
use serde_json::Value;

use super::fields::{object, texts};
use super::provider_type::ProviderType;

/// Whether a secret of this type may serve other models than those that its type serves by their names, or not all of them.
/// Without it the type alone tells what it serves; what is no provider's serves none.
#[must_use]
pub fn names_models(kind: Option<&str>, metadata: Option<&Metadata>) -> bool {
    /// Part of the names of all three fields. Most metadata have none of them, and need not be read to tell.
    const PART: &str = "odels";
    metadata.is_some_and(|metadata| metadata.json().contains(PART))
        && kind.and_then(ProviderType::parse).is_some()
        && Models::of(metadata).differ()
}

/// What the metadata of a secret say of the models that it serves (wire/braintrust.md 6.3), without anything else that
/// is in them. Does not print, as metadata do not.
#[derive(Clone, PartialEq, Eq)]
pub struct Models {
    /// `models`.
    listed: Box<[Box<str>]>,
    /// Whether `models` is absent, null or an empty list, so that it excludes none.
    names_none: bool,
    /// The names in `customModels`.
    custom: Box<[Box<str>]>,
    /// `excludeDefaultModels`.
    excludes_default: bool,
}

impl Models {
    /// Reads them.
    #[must_use]
    pub fn of(metadata: Option<&Metadata>) -> Self {
        let object = object(metadata);
        let models = object.get("models");
        let custom = object.get("customModels").and_then(Value::as_object);
        Self {
            listed: texts(models).map(Box::from).collect(),
            names_none: models
                .is_none_or(|models| models.is_null() || models.as_array().is_some_and(Vec::is_empty)),
            custom: custom.into_iter().flatten().map(|(name, _)| name.as_str().into()).collect(),
            excludes_default: object.get("excludeDefaultModels") == Some(&Value::Bool(true)),
        }
    }

    /// Whether another set of models is served than by the type alone.
    pub(super) fn differ(&self) -> bool {
        !self.names_none || !self.custom.is_empty() || self.excludes_default
    }

    /// Whether a model is served, which is one that secrets of this type serve by its name, or not.
    pub(super) fn serve(&self, model: &str, is_served_by_name: bool) -> bool {
        let holds = |names: &[Box<str>]| names.iter().any(|name| **name == *model);
        let is_listed = holds(&self.listed);
        if !self.names_none && !is_listed {
            return false;
        }
        holds(&self.custom) || is_listed || !self.excludes_default && is_served_by_name
    }

    /// The bytes that it takes beside itself, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let each =
            |names: &[Box<str>]| -> usize { names.iter().map(|name| name.len() + size_of::<Box<str>>()).sum() };
        each(&self.listed) + each(&self.custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples;
    use super::*;

    #[test]
    fn whatever_is_said_of_models_is_seen_without_the_metadata() {
        for silent in [json!({}), json!({"models": null}), json!({"models": []}), json!({"customModels": {}})] {
            let metadata = samples::metadata(silent);
            assert!(!names_models(Some("openai"), metadata.as_ref()));
        }
        assert!(!names_models(Some("openai"), None));
        for naming in [
            json!({"models": ["m"]}),
            json!({"models": "m"}),
            json!({"customModels": {"m": {}}}),
            json!({"excludeDefaultModels": true}),
        ] {
            let metadata = samples::metadata(naming);
            assert!(names_models(Some("openai"), metadata.as_ref()));
            assert!(!names_models(Some("mine"), metadata.as_ref()) && !names_models(None, metadata.as_ref()));
        }
    }
}
