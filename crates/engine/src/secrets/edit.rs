//! What is to be changed of a secret: a patch and a replacement, seen alike.

use keyholt_types::{Description, Metadata, Patch, SecretName, SecretType, SecretValue, TtlSeconds};
use serde_json::{Map, Value};

use crate::{MetadataPatch, NewSecret, SecretPatch};

/// What is to be changed of a secret.
pub(super) struct Edit<'a> {
    pub(super) name: Option<&'a SecretName>,
    pub(super) kind: Patch<&'a SecretType>,
    pub(super) metadata: MetadataEdit<'a>,
    pub(super) description: Option<&'a Description>,
    pub(super) value: Option<&'a SecretValue>,
    pub(super) ttl: Option<TtlSeconds>,
}

/// What is to be done with metadata.
#[derive(Clone, Copy)]
pub(super) enum MetadataEdit<'a> {
    Keep,
    Clear,
    Replace(&'a Metadata),
    Merge(&'a Map<String, Value>),
}

impl<'a> Edit<'a> {
    /// What a patch gives; the rest stays.
    pub(super) fn patch(patch: &'a SecretPatch) -> Self {
        Self {
            name: patch.name.as_ref(),
            kind: patch.kind.as_ref(),
            metadata: match &patch.metadata {
                MetadataPatch::Keep => MetadataEdit::Keep,
                MetadataPatch::Clear => MetadataEdit::Clear,
                MetadataPatch::Replace(metadata) => MetadataEdit::Replace(metadata),
                MetadataPatch::Merge(object) => MetadataEdit::Merge(&object.0),
            },
            description: patch.description.as_ref(),
            value: patch.value.as_ref(),
            ttl: patch.ttl,
        }
    }

    /// What a replacement gives; type and metadata that it does not give become none, the value stays.
    pub(super) fn replacement(new: &'a NewSecret) -> Self {
        Self {
            name: None,
            kind: Patch::clear_or_set(new.kind.as_ref()),
            metadata: new.metadata.as_ref().map_or(MetadataEdit::Clear, MetadataEdit::Replace),
            description: new.description.as_ref(),
            value: new.value.as_ref(),
            ttl: new.ttl,
        }
    }
}
