//! Whether a secret's value is what its type needs (wire/braintrust.md 6.2).

use keyholt_types::{Metadata, SecretValue};
use serde_json::{Map, Value};

use super::fields::{object, text};
use super::header_text::header_text;
use super::provider_type::ProviderType;
use super::unfit::Unfit;

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    /// The fields of the JSON object that it must be.
    json: Option<JsonFields>,
    /// Whether it is put into a header.
    header: bool,
}

/// A JSON object with texts that are not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct JsonFields {
    names: &'static [&'static str],
    kind: Option<&'static str>,
    in_words: &'static str,
}

const ENTRA: JsonFields = JsonFields {
    names: &["client_id", "client_secret", "tenant_id", "scope"],
    kind: None,
    in_words: "the strings client_id, client_secret, tenant_id and scope",
};
const SERVICE_PRINCIPAL: JsonFields = JsonFields {
    names: &["client_id", "client_secret"],
    kind: None,
    in_words: "the strings client_id and client_secret",
};
const SERVICE_ACCOUNT: JsonFields = JsonFields {
    names: &["private_key_id", "private_key", "client_email", "token_uri"],
    kind: Some("service_account"),
    in_words: "the strings private_key_id, private_key, client_email, token_uri and the type service_account",
};

fn form_of(provider: ProviderType, object: &Map<String, Value>) -> Form {
    let header = Form { json: None, header: true };
    let auth_type = text(object, "auth_type");
    match provider {
        // The proxy sends it as `api-key` too, whatever it is.
        ProviderType::Azure if auth_type == Some("entra_api") => Form { json: Some(ENTRA), header: true },
        ProviderType::Databricks if auth_type == Some("service_principal_oauth") => {
            Form { json: Some(SERVICE_PRINCIPAL), header: false }
        }
        ProviderType::Vertex if text(object, "authType") != Some("access_token") => {
            Form { json: Some(SERVICE_ACCOUNT), header: false }
        }
        // Signatures are made with it; only its API keys go into a header.
        ProviderType::Bedrock if auth_type != Some("api_key") => Form { json: None, header: false },
        ProviderType::Azure
        | ProviderType::Databricks
        | ProviderType::Vertex
        | ProviderType::Bedrock
        | ProviderType::Perplexity
        | ProviderType::Google
        | ProviderType::Replicate
        | ProviderType::Together
        | ProviderType::Baseten
        | ProviderType::Groq
        | ProviderType::Lepton
        | ProviderType::Fireworks
        | ProviderType::Cerebras
        | ProviderType::XAi
        | ProviderType::OpenRouter
        | ProviderType::Js
        | ProviderType::Anthropic
        | ProviderType::Braintrust
        | ProviderType::OpenAi
        | ProviderType::AzureAiGateway
        | ProviderType::Mistral
        | ProviderType::Cohere
        | ProviderType::Ollama => header,
    }
}

/// Whether the value is what the type needs, so that no proxy's error text can quote it.
///
/// # Errors
/// When there is none (only Ollama needs none), it is not the JSON object that is needed, or would not survive in
/// a header.
pub fn check_value(
    provider: ProviderType,
    metadata: Option<&Metadata>,
    value: Option<&SecretValue>,
) -> Result<(), Unfit> {
    let Some(value) = value else {
        return if provider == ProviderType::Ollama { Ok(()) } else { Err(Unfit::NoValue) };
    };
    let form = form_of(provider, &object(metadata));
    let value = plaintext(value);
    if let Some(fields) = form.json
        && !fields.are_in(value)
    {
        return Err(Unfit::NotJson(fields.in_words));
    }
    if form.header && header_text(value).is_none() {
        return Err(Unfit::NotHeaderSafe);
    }
    Ok(())
}

impl JsonFields {
    fn are_in(self, text: &str) -> bool {
        let Ok(Value::Object(object)) = serde_json::from_str(text) else { return false };
        let has = |name: &&str| object.get(*name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        let is_of_kind = |kind| object.get("type").and_then(Value::as_str) == Some(kind);
        self.names.iter().all(has) && self.kind.is_none_or(is_of_kind)
    }
}

/// The text of a value.
#[expect(clippy::disallowed_methods, reason = "EXPOSE: a value's form is checked, and it is put into a header")]
pub(super) fn plaintext(value: &SecretValue) -> &str {
    value.expose()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples;
    use super::*;

    fn check(kind: &str, object: Value, value: &str) -> Result<(), Unfit> {
        let provider = ProviderType::parse(kind).unwrap();
        check_value(provider, samples::metadata(object).as_ref(), Some(&samples::value(value)))
    }

    const ENTRA_VALUE: &str = r#"{"client_id":"a","client_secret":"b","tenant_id":"c","scope":"d","more":1}"#;
    const ACCOUNT_VALUE: &str = r#"{
        "type": "service_account", "private_key_id": "1", "private_key": "-----BEGIN\n", "client_email": "a@b",
        "token_uri": "https://oauth2.example.com/token"
    }"#;

    #[test]
    fn every_type_but_ollama_needs_a_value() {
        for provider in ProviderType::ALL {
            let expected = if provider == ProviderType::Ollama { Ok(()) } else { Err(Unfit::NoValue) };
            assert_eq!(check_value(provider, None, None), expected, "{provider:?}");
        }
    }

    #[test]
    fn a_value_for_a_header_is_header_safe() {
        for provider in ProviderType::ALL {
            let kind = provider.word();
            let object = match kind {
                "bedrock" => json!({"auth_type": "api_key"}),
                "vertex" => json!({"authType": "access_token"}),
                _ => json!({}),
            };
            for right in ["sk-x", "a b", " ", "sk-x\r\n", "sk-x \t"] {
                assert_eq!(check(kind, object.clone(), right), Ok(()), "{kind} {right:?}");
            }
            for wrong in ["a\nb", "a\tb", "a\0", "\u{7f}", "schlüssel", "a\r\nX: y", "🔑"] {
                assert_eq!(check(kind, object.clone(), wrong), Err(Unfit::NotHeaderSafe), "{kind} {wrong:?}");
            }
        }
    }

    #[test]
    fn bedrock_signs_with_whatever_it_is_given() {
        for object in [
            json!(null),
            json!({}),
            json!({"auth_type": "iam_credentials"}),
            json!({"auth_type": "assume_role"}),
        ] {
            assert_eq!(check("bedrock", object, "a\nschlüssel"), Ok(()));
        }
    }

    #[test]
    fn a_value_of_several_texts_is_json() {
        let entra = json!({"auth_type": "entra_api"});
        let principal = json!({"auth_type": "service_principal_oauth"});
        let account = json!({"authType": "service_account_key"});
        for (kind, object, value) in [
            ("azure", &entra, ENTRA_VALUE),
            ("databricks", &principal, r#"{"client_id":"a","client_secret":"b"}"#),
            ("databricks", &principal, "{\n\"client_id\":\"ä\",\"client_secret\":\"b\"}"),
            ("vertex", &account, ACCOUNT_VALUE),
            ("vertex", &json!({"authType": "oauth_bearer"}), ACCOUNT_VALUE),
            ("vertex", &json!({"authType": "workload_identity_federation"}), ACCOUNT_VALUE),
            ("vertex", &json!(null), ACCOUNT_VALUE),
        ] {
            assert_eq!(check(kind, object.clone(), value), Ok(()), "{kind} {object}");
            for wrong in ["sk-x", "{}", "[]", "null", "\"x\"", "{", "{\"client_id\":\"\"}"] {
                let found = check(kind, object.clone(), wrong);
                assert!(matches!(found, Err(Unfit::NotJson(_))), "{kind} {object} {wrong}");
            }
        }
        for (kind, object, value) in [
            ("azure", &entra, ENTRA_VALUE.replace("\"d\"", "\"\"")),
            ("azure", &entra, ENTRA_VALUE.replace("\"scope\"", "\"Scope\"")),
            ("azure", &entra, ENTRA_VALUE.replace("\"a\"", "1")),
            ("databricks", &principal, r#"{"client_id":"a","client_secret":null}"#.to_owned()),
            ("vertex", &account, ACCOUNT_VALUE.replace("service_account", "authorized_user")),
            ("vertex", &account, ACCOUNT_VALUE.replace("token_uri", "uri")),
        ] {
            let found = check(kind, object.clone(), &value);
            assert!(matches!(found, Err(Unfit::NotJson(_))), "{kind} {value}");
        }
    }

    #[test]
    fn what_azure_gets_is_header_safe_always() {
        let object = || json!({"auth_type": "entra_api"});
        let lines = ENTRA_VALUE.replace(',', ",\n");
        assert_eq!(check("azure", object(), &lines), Err(Unfit::NotHeaderSafe));
        assert_eq!(check("azure", object(), &format!("{ENTRA_VALUE}\n")), Ok(()));
        for way in ["api_key", "entra_oidc", "entra_bearer"] {
            assert_eq!(check("azure", json!({"auth_type": way}), "a\nb"), Err(Unfit::NotHeaderSafe));
            assert_eq!(check("azure", json!({"auth_type": way}), "a"), Ok(()));
        }
    }
}
