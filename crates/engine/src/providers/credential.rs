//! How a value goes into a request.

use keyholt_types::{Metadata, SecretValue};
use serde_json::{Map, Value};

use super::fields::{object, text};
use super::header_text::header_text;
use super::provider_type::ProviderType;
use super::unfit::Unfit;
use super::values::plaintext;

/// The header that carries a credential. Its value is a value like the one it was made of: it does not print and
/// is wiped.
#[derive(Debug)]
pub struct AuthHeader {
    /// The name, in lower case.
    pub name: &'static str,
    /// What stands behind it: visible ASCII and spaces.
    pub value: SecretValue,
}

/// How a provider wants the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// `Authorization: Bearer`.
    Bearer,
    /// In a header of its own.
    Header(&'static str),
}

const API_KEY: Scheme = Scheme::Header("api-key");
const FEDERATED: Unfit = Unfit::NotSupported("federated workload identities");
const UNKNOWN_WAY: Unfit = Unfit::Metadata { field: "auth_type", problem: "must be one of the words for it" };

/// The header for a request in the provider's own format.
///
/// # Errors
/// When the way to authenticate needs more than a header, or the value would not survive in one or is blank.
pub fn auth_for(
    provider: ProviderType,
    metadata: Option<&Metadata>,
    value: &SecretValue,
) -> Result<AuthHeader, Unfit> {
    header(scheme_of(provider, &object(metadata))?, value)
}

/// The header for a request in OpenAI's format: the same, but for those whose OpenAI-compatible API is documented
/// with `Authorization: Bearer`.
///
/// # Errors
/// As [`auth_for`].
pub fn openai_auth_for(
    provider: ProviderType,
    metadata: Option<&Metadata>,
    value: &SecretValue,
) -> Result<AuthHeader, Unfit> {
    let own = scheme_of(provider, &object(metadata))?;
    let is_bearer = matches!(provider, ProviderType::Google | ProviderType::Anthropic);
    header(if is_bearer { Scheme::Bearer } else { own }, value)
}

fn scheme_of(provider: ProviderType, object: &Map<String, Value>) -> Result<Scheme, Unfit> {
    let auth_type = text(object, "auth_type");
    match provider {
        ProviderType::OpenAi => match (auth_type, text(object, "auth_format")) {
            (None | Some("api_key"), Some("api_key")) => Ok(API_KEY),
            (None | Some("api_key" | "oauth_bearer"), _) => Ok(Scheme::Bearer),
            (Some("workload_identity_federation"), _) => Err(FEDERATED),
            _ => Err(UNKNOWN_WAY),
        },
        ProviderType::Anthropic => match auth_type {
            None | Some("api_key") => Ok(Scheme::Header("x-api-key")),
            Some("oauth_bearer") => Ok(Scheme::Bearer),
            Some("workload_identity_federation") => Err(FEDERATED),
            _ => Err(UNKNOWN_WAY),
        },
        ProviderType::Azure => match auth_type {
            None | Some("api_key") => Ok(API_KEY),
            Some("entra_bearer") => Ok(Scheme::Bearer),
            Some("entra_api") => Err(Unfit::NotSupported("client credentials of Entra")),
            Some("entra_oidc") => Err(FEDERATED),
            _ => Err(UNKNOWN_WAY),
        },
        ProviderType::AzureAiGateway => match auth_type {
            None | Some("api_key") => Ok(API_KEY),
            _ => Err(UNKNOWN_WAY),
        },
        ProviderType::Bedrock => match auth_type {
            Some("api_key") => Ok(Scheme::Bearer),
            None | Some("iam_credentials" | "assume_role") => {
                Err(Unfit::NotSupported("access keys and roles of AWS"))
            }
            _ => Err(UNKNOWN_WAY),
        },
        ProviderType::Vertex => match text(object, "authType") {
            Some("access_token") => Ok(Scheme::Bearer),
            None | Some("service_account_key") => Err(Unfit::NotSupported("keys of Google service accounts")),
            // What the value is then, the wire does not say; it demands a service account's key of it.
            Some("oauth_bearer") => Err(Unfit::NotSupported("OAuth connections of Google")),
            Some("workload_identity_federation") => Err(FEDERATED),
            _ => Err(Unfit::Metadata { field: "authType", problem: "must be one of the words for it" }),
        },
        ProviderType::Databricks => match auth_type {
            None | Some("pat") => Ok(Scheme::Bearer),
            Some("service_principal_oauth") => Err(Unfit::NotSupported("service principals of Databricks")),
            _ => Err(UNKNOWN_WAY),
        },
        ProviderType::Google => Ok(Scheme::Header("x-goog-api-key")),
        ProviderType::Js | ProviderType::Braintrust => {
            Err(Unfit::NoDestination("secrets of this type are for the AI proxy only"))
        }
        ProviderType::Perplexity
        | ProviderType::Replicate
        | ProviderType::Together
        | ProviderType::Baseten
        | ProviderType::Groq
        | ProviderType::Lepton
        | ProviderType::Fireworks
        | ProviderType::Cerebras
        | ProviderType::XAi
        | ProviderType::OpenRouter
        | ProviderType::Mistral
        | ProviderType::Cohere
        | ProviderType::Ollama => Ok(Scheme::Bearer),
    }
}

fn header(scheme: Scheme, value: &SecretValue) -> Result<AuthHeader, Unfit> {
    let text = header_text(plaintext(value)).filter(|text| !text.is_empty()).ok_or(Unfit::NotHeaderSafe)?;
    let (name, front) = match scheme {
        Scheme::Bearer => ("authorization", "Bearer "),
        Scheme::Header(name) => (name, ""),
    };
    // Its full length at once: nothing is left behind where a text grew.
    let mut whole = String::with_capacity(front.len() + text.len());
    whole.push_str(front);
    whole.push_str(text);
    Ok(AuthHeader { name, value: SecretValue::parse(whole).map_err(|_| Unfit::NotHeaderSafe)? })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples;
    use super::*;

    type Made = Result<(&'static str, String), Unfit>;

    fn shown(made: Result<AuthHeader, Unfit>) -> Made {
        made.map(|header| (header.name, plaintext(&header.value).to_owned()))
    }

    fn made(kind: &str, object: Value, value: &str) -> Made {
        let (provider, metadata) = (ProviderType::parse(kind).unwrap(), samples::metadata(object));
        shown(auth_for(provider, metadata.as_ref(), &samples::value(value)))
    }

    fn made_for_openai(kind: &str, object: Value) -> Made {
        let (provider, metadata) = (ProviderType::parse(kind).unwrap(), samples::metadata(object));
        shown(openai_auth_for(provider, metadata.as_ref(), &samples::value("k")))
    }

    #[test]
    fn each_provider_has_its_header() {
        const BEARER: &str = "authorization";
        for (kind, object, name) in [
            ("openai", json!(null), BEARER),
            ("openai", json!({"auth_type": "api_key", "auth_format": "bearer"}), BEARER),
            ("openai", json!({"auth_type": "oauth_bearer"}), BEARER),
            ("openai", json!({"auth_type": "oauth_bearer", "auth_format": "api_key"}), BEARER),
            ("openai", json!({"auth_format": "api_key"}), "api-key"),
            ("anthropic", json!(null), "x-api-key"),
            ("anthropic", json!({"auth_type": "api_key"}), "x-api-key"),
            ("anthropic", json!({"auth_type": "oauth_bearer"}), BEARER),
            ("google", json!(null), "x-goog-api-key"),
            ("azure", json!(null), "api-key"),
            ("azure", json!({"auth_type": "api_key"}), "api-key"),
            ("azure", json!({"auth_type": "entra_bearer"}), BEARER),
            ("azure_ai_gateway", json!(null), "api-key"),
            ("bedrock", json!({"auth_type": "api_key"}), BEARER),
            ("vertex", json!({"authType": "access_token"}), BEARER),
            ("databricks", json!(null), BEARER),
            ("databricks", json!({"auth_type": "pat"}), BEARER),
            ("perplexity", json!(null), BEARER),
            ("replicate", json!(null), BEARER),
            ("together", json!(null), BEARER),
            ("baseten", json!(null), BEARER),
            ("groq", json!(null), BEARER),
            ("fireworks", json!(null), BEARER),
            ("cerebras", json!(null), BEARER),
            ("xAI", json!(null), BEARER),
            ("openrouter", json!(null), BEARER),
            ("mistral", json!(null), BEARER),
            ("cohere", json!(null), BEARER),
            ("ollama", json!(null), BEARER),
        ] {
            let expected = if name == BEARER { "Bearer sk x" } else { "sk x" };
            assert_eq!(
                made(kind, object.clone(), "sk x \r\n"),
                Ok((name, expected.to_owned())),
                "{kind} {object}"
            );
        }
    }

    #[test]
    fn what_needs_more_than_a_header_is_said_clearly() {
        let federated = json!({"auth_type": "workload_identity_federation"});
        for (kind, object) in [
            ("openai", federated.clone()),
            ("openai", json!({"auth_type": "workload_identity_federation", "auth_format": "api_key"})),
            ("anthropic", federated),
            ("azure", json!({"auth_type": "entra_api"})),
            ("azure", json!({"auth_type": "entra_oidc"})),
            ("bedrock", json!(null)),
            ("bedrock", json!({"auth_type": "iam_credentials"})),
            ("bedrock", json!({"auth_type": "assume_role"})),
            ("vertex", json!(null)),
            ("vertex", json!({"authType": "service_account_key"})),
            ("vertex", json!({"authType": "oauth_bearer"})),
            ("vertex", json!({"authType": "workload_identity_federation"})),
            ("databricks", json!({"auth_type": "service_principal_oauth"})),
        ] {
            let unfit = made(kind, object.clone(), "k").unwrap_err();
            assert!(matches!(unfit, Unfit::NotSupported(_)), "{kind} {object}");
            let text = unfit.to_string();
            assert!(text.ends_with(" are not supported by the gateway; put the AI proxy in front"), "{text}");
        }
        for kind in ["js", "braintrust"] {
            assert!(matches!(made(kind, json!(null), "k"), Err(Unfit::NoDestination(_))), "{kind}");
        }
        for kind in ["openai", "anthropic", "azure", "azure_ai_gateway", "bedrock", "databricks"] {
            assert_eq!(made(kind, json!({"auth_type": "other"}), "k"), Err(UNKNOWN_WAY), "{kind}");
        }
    }

    #[test]
    fn openais_format_is_authenticated_as_it_is_documented() {
        for (kind, object, name) in [
            ("google", json!(null), "authorization"),
            ("anthropic", json!(null), "authorization"),
            ("openai", json!({"auth_format": "api_key"}), "api-key"),
            ("azure", json!(null), "api-key"),
            ("groq", json!(null), "authorization"),
        ] {
            assert_eq!(made_for_openai(kind, object).map(|(name, _)| name), Ok(name), "{kind}");
        }
        assert!(made_for_openai("anthropic", json!({"auth_type": "workload_identity_federation"})).is_err());
    }

    #[test]
    fn a_value_cannot_break_out_of_its_header() {
        for value in ["a\r\nX-Evil: 1", "a\nb", "a\0b", "a\tb", "schlüssel", "🔑", " ", "\n", "a\u{7f}"] {
            for kind in ["openai", "anthropic", "google"] {
                assert_eq!(made(kind, json!(null), value), Err(Unfit::NotHeaderSafe), "{kind} {value:?}");
            }
        }
        assert_eq!(
            made("google", json!(null), &"a".repeat(64 * 1024)).map(|(name, _)| name),
            Ok("x-goog-api-key")
        );
        assert_eq!(made("openai", json!(null), &"a".repeat(64 * 1024)), Err(Unfit::NotHeaderSafe));
    }

    #[test]
    fn a_header_does_not_print_its_value() {
        let header = auth_for(ProviderType::OpenAi, None, &samples::value("canary-1f9e")).unwrap();
        assert_eq!(format!("{header:?}"), r#"AuthHeader { name: "authorization", value: SecretValue(**) }"#);
    }
}
