//! The models that a secret's metadata name.

use keyholt_types::Metadata;
use serde_json::Value;

use super::fields::{object, texts};

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
