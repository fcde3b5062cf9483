//! What holds of any type, metadata and value.

use keyholt_types::{Metadata, SecretValue};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::values::plaintext;
use super::{
    ModelRules, ProviderType, additional_headers, auth_for, bound_hosts, cheapest_call, check_metadata,
    check_value, destination, lists_model, openai_auth_for, split_provider, weight,
};

/// Fields that are read, so that they are hit.
const FIELDS: &[&str] = &[
    "api_base",
    "region",
    "location",
    "project",
    "authType",
    "auth_type",
    "auth_format",
    "deployment",
    "api_version",
    "no_named_deployment",
    "endpoint_path",
    "organization_id",
    "models",
    "customModels",
    "excludeDefaultModels",
    "additionalHeaders",
    "keyholt",
    "keyholt.weight",
    "other",
];
const TEXTS: &[&str] = &[
    "",
    "https://x.example.com/v1/",
    "https://u@x",
    "http://[::1]:1",
    "//x",
    "api_key",
    "access_token",
    "entra_api",
    "oauth_bearer",
    "us-east-1",
    "global",
    "..",
    "gpt-4o",
];

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![3 => proptest::sample::select(TEXTS).prop_map(str::to_owned), 1 => any::<String>()]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((any_text(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_metadata() -> impl Strategy<Value = Option<Metadata>> {
    let field = proptest::sample::select(FIELDS).prop_map(str::to_owned);
    let fields = proptest::collection::vec((field, any_json()), 0..8);
    let object = fields.prop_map(|fields| fields.into_iter().collect::<Map<String, Value>>());
    proptest::option::of(object.prop_map(|object| Metadata::new(object).unwrap()))
}

fn any_provider() -> impl Strategy<Value = ProviderType> {
    proptest::sample::select(ProviderType::ALL.to_vec())
}

proptest! {
    #[test]
    fn nothing_panics(
        provider in any_provider(),
        kind in proptest::option::of(any::<String>()),
        metadata in any_metadata(),
        text in any::<String>(),
        model in any_text(),
    ) {
        let metadata = metadata.as_ref();
        let value = SecretValue::parse(text).ok();
        let _ = check_metadata(kind.as_deref(), metadata);
        let _ = bound_hosts(kind.as_deref(), metadata);
        let _ = ModelRules::default().matches(provider, metadata, Some(&model));
        let _ = (split_provider(&model), lists_model(metadata, &model), cheapest_call(provider, metadata));
        let _ = additional_headers(provider, metadata);
        let _ = check_value(provider, metadata, value.as_ref());
        if let Some(value) = &value {
            let _ = (auth_for(provider, metadata, value).is_ok(), openai_auth_for(provider, metadata, value).is_ok());
        }
        prop_assert!(metadata.is_none_or(|metadata| weight(metadata) >= 0.0));
    }

    /// What is bound is what is sent to: while the text stays the same, so do the hosts.
    #[test]
    fn the_hosts_of_a_destination_are_bound(provider in any_provider(), metadata in any_metadata()) {
        let bound = bound_hosts(Some(provider.word()), metadata.as_ref()).unwrap();
        if let Ok(destination) = destination(provider, metadata.as_ref()) {
            for host in destination.hosts() {
                prop_assert!(bound.split(' ').any(|one| one == &*host), "{host} {bound}");
            }
        }
    }

    #[test]
    fn a_destination_is_a_plain_address(provider in any_provider(), metadata in any_metadata()) {
        if let Ok(found) = destination(provider, metadata.as_ref()) {
            for url in [Some(found.base), found.openai].into_iter().flatten() {
                prop_assert!(matches!(url.scheme(), "http" | "https") && url.has_host());
                prop_assert!(url.username().is_empty() && url.password().is_none());
                prop_assert!(url.query().is_none() && url.fragment().is_none());
                prop_assert!(url.path() == "/" || !url.path().ends_with('/'), "{url}");
            }
        }
    }

    #[test]
    fn what_goes_into_a_request_is_visible_ascii(
        provider in any_provider(),
        metadata in any_metadata(),
        text in any_text(),
    ) {
        let metadata = metadata.as_ref();
        let is_safe = |text: &str| text.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
        if let Ok(value) = SecretValue::parse(text)
            && let Ok(header) = auth_for(provider, metadata, &value)
        {
            prop_assert!(is_safe(plaintext(&header.value)));
        }
        for header in additional_headers(provider, metadata).unwrap_or_default() {
            prop_assert!(is_safe(&header.value) && !header.name.is_empty());
        }
    }
}
