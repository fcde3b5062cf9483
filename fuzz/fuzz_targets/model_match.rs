//! What a secret's type and metadata say of its provider (wire/braintrust.md 6).
//!
//! Laws: what is wrong is said in one line that repeats nothing of the metadata or the value; a value goes to http and
//! https addresses alone, which have no user, query or fragment; a header that carries it is one; the hosts that it is
//! bound to do not depend on when one asks; a model that is served is listed, or
//! known to be the provider's.
#![no_main]

use arbitrary::Unstructured;
use http::HeaderValue;
use keyholt_engine::providers::{
    ModelRules, ProviderType, additional_headers, auth_for, bound_hosts, cheapest_call, check_metadata,
    check_value, destination, lists_model, openai_auth_for, split_provider, weight,
};
use keyholt_fuzz::canary::{check_message, check_unprinted, plant};
use keyholt_types::{Metadata, SecretValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ended_early = check(&mut Unstructured::new(data));
});

fn check(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let provider = *u.choose(&ProviderType::ALL)?;
    let kind = if u.ratio(1, 8)? { u.arbitrary::<&str>()? } else { provider.word() };
    let model = u.arbitrary::<&str>()?;
    let text = planted(u.arbitrary::<&[u8]>()?);
    let value = SecretValue::parse(planted(u.arbitrary::<&[u8]>()?)).ok();
    let metadata = serde_json::from_str(&text).ok().and_then(|object| Metadata::new(object).ok());
    let metadata = metadata.as_ref();

    if let Err(unfit) = check_metadata(Some(kind), metadata) {
        check_message(&unfit.to_string());
    }
    if let Err(unfit) = check_value(provider, metadata, value.as_ref()) {
        check_message(&unfit.to_string());
    }
    match destination(provider, metadata) {
        Err(unfit) => check_message(&unfit.to_string()),
        Ok(found) => {
            for address in [Some(&found.base), found.openai.as_ref()].into_iter().flatten() {
                assert!(matches!(address.scheme(), "http" | "https") && address.has_host(), "{address}");
                assert!(address.username().is_empty() && address.password().is_none(), "{address}");
                assert!(address.query().is_none() && address.fragment().is_none(), "{address}");
                assert!(address.path() == "/" || !address.path().ends_with('/'), "{address}");
            }
            assert_eq!(destination(provider, metadata).as_ref(), Ok(&found));
        }
    }
    if let Some(value) = &value {
        for auth in [auth_for(provider, metadata, value), openai_auth_for(provider, metadata, value)] {
            match auth {
                Err(unfit) => check_message(&unfit.to_string()),
                Ok(header) => {
                    check_unprinted(&format!("{header:?}"));
                    assert!(HeaderValue::from_str(header.value.expose()).is_ok(), "a header that is none");
                }
            }
        }
    }
    match additional_headers(provider, metadata) {
        Err(unfit) => check_message(&unfit.to_string()),
        Ok(headers) => {
            for header in headers {
                assert!(HeaderValue::from_str(&header.value).is_ok());
                let denied = ["authorization", "host", "cookie", "x-api-key", "content-length", "connection"];
                assert!(!denied.contains(&header.name.to_ascii_lowercase().as_str()), "{}", header.name);
            }
        }
    }
    if let Some(call) = cheapest_call(provider, metadata) {
        assert!(matches!(call.url.scheme(), "http" | "https"));
    }
    assert_eq!(bound_hosts(Some(kind), metadata), bound_hosts(Some(kind), metadata));
    assert!(metadata.is_none_or(|metadata| weight(metadata) >= 0.0));

    let rules = ModelRules::default();
    assert!(rules.matches(provider, metadata, None));
    if rules.matches(provider, metadata, Some(model)) {
        let is_known = lists_model(metadata, model) || rules.providers_of(model).contains(&provider);
        assert!(is_known, "{model} is served and neither listed nor known");
    }
    if let Some((provider, rest)) = split_provider(model) {
        assert_eq!(format!("{}/{rest}", provider.word()), model);
    }
    Ok(())
}

fn planted(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&plant(bytes)).into_owned()
}
