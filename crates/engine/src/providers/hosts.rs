//! Where a secret's value may be sent: decided by its type and metadata, never by a request
//! (design/security.md C).

use std::fmt;

use keyholt_types::Metadata;
use serde_json::{Map, Value};
use url::Url;

use super::address::{below, host, parse};
use super::bases::{official_bases, takes_api_base};
use super::fields::{is_place, object, text};
use super::provider_type::ProviderType;
use super::unfit::Unfit;

/// Where a secret's value may be sent. No address has a user, a query, a fragment, or a slash at the end of its path
/// (but the path `/`). Prints its hosts only.
#[derive(Clone, PartialEq, Eq)]
pub struct Destination {
    /// The provider's own API: paths of requests in its own format go below it. Of Azure: what stands before the
    /// part of the path that names what is [deployed](AzurePath).
    pub base: Url,
    /// Requests in OpenAI's format go below it; none where the provider does not understand them.
    pub openai: Option<Url>,
    /// What Azure's paths need besides.
    pub azure: Option<AzurePath>,
}

/// How Azure's paths go on behind the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzurePath {
    /// The query parameter `api-version` of every request.
    pub api_version: Box<str>,
    /// What the path names.
    pub deployment: Deployment,
}

/// What an Azure path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployment {
    /// This one, as one segment of the path.
    Named(Box<str>),
    /// The request's model, as one segment of the path.
    OfModel,
    /// None: the base is complete (metadata `no_named_deployment`).
    None,
}

/// The version of Azure's API where the metadata give none: the last one with a date that is generally available.
const AZURE_API_VERSION: &str = "2024-10-21";
/// Where Vertex is when the metadata do not say.
const VERTEX_LOCATION: &str = "us-central1";

/// Where a secret of this type and metadata may be used.
///
/// # Errors
/// When the type has no host that is known, or the metadata that decide it are missing or at fault.
pub fn destination(provider: ProviderType, metadata: Option<&Metadata>) -> Result<Destination, Unfit> {
    let object = object(metadata);
    let api_base = if takes_api_base(provider) { api_base(&object) } else { Ok(None) };
    match provider {
        ProviderType::OpenAi
        | ProviderType::Anthropic
        | ProviderType::Google
        | ProviderType::Mistral
        | ProviderType::Cohere
        | ProviderType::Groq
        | ProviderType::Perplexity
        | ProviderType::Together
        | ProviderType::Fireworks
        | ProviderType::Cerebras
        | ProviderType::XAi
        | ProviderType::OpenRouter
        | ProviderType::Baseten
        | ProviderType::Replicate => match api_base? {
            Some(base) => Ok(same(base)),
            None => official(provider),
        },
        ProviderType::Azure => azure(api_base?.ok_or(NO_API_BASE)?, &object),
        ProviderType::AzureAiGateway => Ok(same(api_base?.ok_or(NO_API_BASE)?)),
        ProviderType::Databricks => Ok(same(below(api_base?.ok_or(NO_API_BASE)?, &["serving-endpoints"]))),
        // A bad one is ignored, and the default of a proxy would be the proxy's own machine.
        ProviderType::Ollama => match api_base {
            Ok(Some(base)) => Ok(same(base)),
            Ok(None) | Err(_) => Err(Unfit::NoDestination("a secret of this type needs metadata.api_base")),
        },
        ProviderType::Bedrock => {
            let base = match api_base? {
                Some(base) => base,
                None => parse(&bedrock_base(&object)?)?,
            };
            Ok(Destination { openai: Some(below(base.clone(), &["openai", "v1"])), base, azure: None })
        }
        ProviderType::Vertex => vertex(api_base?, &object),
        ProviderType::Lepton => {
            Err(Unfit::NoDestination("the host of this type depends on the request, which must not name one"))
        }
        ProviderType::Js | ProviderType::Braintrust => {
            Err(Unfit::NoDestination("secrets of this type are for the AI proxy only"))
        }
    }
}

impl Destination {
    /// Each host once, as `scheme://host:port`, in order: lower-case, the port always written out.
    #[must_use]
    pub fn hosts(&self) -> Vec<Box<str>> {
        let mut hosts: Vec<Box<str>> =
            [Some(&self.base), self.openai.as_ref()].into_iter().flatten().map(host).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A path is the operator's: it may hold what is not for a log.
        write!(f, "Destination({})", self.hosts().join(" "))
    }
}

fn api_base(object: &Map<String, Value>) -> Result<Option<Url>, Unfit> {
    match object.get("api_base") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => parse(text).map(Some),
        Some(_) => Err(Unfit::Metadata { field: "api_base", problem: "must be an absolute URL" }),
    }
}

const NO_API_BASE: Unfit = Unfit::Metadata { field: "api_base", problem: "is required" };

fn official(provider: ProviderType) -> Result<Destination, Unfit> {
    let bases = official_bases(provider).ok_or(Unfit::NoDestination("this type has no host of its own"))?;
    Ok(Destination { base: parse(bases.own)?, openai: bases.openai.map(parse).transpose()?, azure: None })
}

fn same(base: Url) -> Destination {
    Destination { openai: Some(base.clone()), base, azure: None }
}

fn azure(base: Url, object: &Map<String, Value>) -> Result<Destination, Unfit> {
    let is_complete = object.get("no_named_deployment") == Some(&Value::Bool(true));
    let deployment = match text(object, "deployment") {
        _ if is_complete => Deployment::None,
        // As a segment of a path they would lead upwards.
        Some("." | "..") => {
            return Err(Unfit::Metadata { field: "deployment", problem: "must be the name of one" });
        }
        Some(name) => Deployment::Named(name.into()),
        None => Deployment::OfModel,
    };
    let api_version = text(object, "api_version").unwrap_or(AZURE_API_VERSION).into();
    let base = if is_complete { base } else { below(base, &["openai"]) };
    Ok(Destination { azure: Some(AzurePath { api_version, deployment }), ..same(base) })
}

fn bedrock_base(object: &Map<String, Value>) -> Result<String, Unfit> {
    let region = text(object, "region").filter(|region| is_place(region));
    let region = region.ok_or(Unfit::Metadata { field: "region", problem: "must be the name of a region" })?;
    Ok(format!("https://bedrock-runtime.{region}.amazonaws.com"))
}

fn vertex(api_base: Option<Url>, object: &Map<String, Value>) -> Result<Destination, Unfit> {
    let project =
        text(object, "project").ok_or(Unfit::Metadata { field: "project", problem: "is required" })?;
    let location = text(object, "location").unwrap_or(VERTEX_LOCATION);
    if !is_place(location) {
        return Err(Unfit::Metadata { field: "location", problem: "must be the name of a location" });
    }
    let base = match (api_base, location) {
        (Some(base), _) => base,
        (None, "global") => parse("https://aiplatform.googleapis.com")?,
        (None, location) => parse(&format!("https://{location}-aiplatform.googleapis.com"))?,
    };
    let path = ["v1", "projects", project, "locations", location, "endpoints", "openapi"];
    Ok(Destination { openai: Some(below(base.clone(), &path)), base, azure: None })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples;
    use super::*;

    fn at(kind: &str, object: Value) -> Result<Destination, Unfit> {
        destination(ProviderType::parse(kind).unwrap(), samples::metadata(object).as_ref())
    }

    #[track_caller]
    fn assert_at(kind: &str, object: Value, base: &str, openai: Option<&str>) {
        let found = at(kind, object.clone()).unwrap();
        assert_eq!(found.base.as_str(), base, "{kind} {object}");
        assert_eq!(found.openai.as_ref().map(Url::as_str), openai, "{kind} {object}");
    }

    #[test]
    fn providers_are_where_their_documentation_says() {
        for (kind, base, openai) in [
            ("openai", "https://api.openai.com/v1", "https://api.openai.com/v1"),
            ("anthropic", "https://api.anthropic.com/v1", "https://api.anthropic.com/v1"),
            (
                "google",
                "https://generativelanguage.googleapis.com/",
                "https://generativelanguage.googleapis.com/v1beta/openai",
            ),
            ("mistral", "https://api.mistral.ai/v1", "https://api.mistral.ai/v1"),
            ("cohere", "https://api.cohere.com/", "https://api.cohere.ai/compatibility/v1"),
            ("groq", "https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1"),
            ("perplexity", "https://api.perplexity.ai/", "https://api.perplexity.ai/"),
            ("together", "https://api.together.xyz/v1", "https://api.together.xyz/v1"),
            ("fireworks", "https://api.fireworks.ai/inference/v1", "https://api.fireworks.ai/inference/v1"),
            ("cerebras", "https://api.cerebras.ai/v1", "https://api.cerebras.ai/v1"),
            ("xAI", "https://api.x.ai/v1", "https://api.x.ai/v1"),
            ("openrouter", "https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
            ("baseten", "https://inference.baseten.co/v1", "https://inference.baseten.co/v1"),
        ] {
            assert_at(kind, json!(null), base, Some(openai));
            assert_at(kind, json!({"api_base": null}), base, Some(openai));
        }
        assert_at("replicate", json!(null), "https://api.replicate.com/v1", None);
    }

    #[test]
    fn api_base_takes_the_place_of_the_providers_own_address() {
        for kind in [
            "openai",
            "anthropic",
            "google",
            "mistral",
            "cohere",
            "groq",
            "openrouter",
            "azure_ai_gateway",
            "ollama",
        ] {
            let expected = "https://llm.example.com:8443/a/b";
            assert_at(kind, json!({"api_base": "HTTPS://LLM.Example.com:8443/a/b/"}), expected, Some(expected));
        }
        for kind in ["openai", "mistral", "cohere"] {
            assert_eq!(at(kind, json!({"api_base": ""})), at(kind, json!({})), "{kind}");
        }
    }

    #[test]
    fn providers_with_addresses_of_the_secrets_own() {
        let openai = |base: &str| format!("{base}/openai");
        let base = "https://acme.openai.azure.com";
        assert_at("azure", json!({"api_base": base}), &openai(base), Some(&openai(base)));
        let host = "https://adb-1.azuredatabricks.net";
        let serving = format!("{host}/serving-endpoints");
        assert_at("databricks", json!({"api_base": format!("{host}/")}), &serving, Some(&serving));
        assert_at(
            "bedrock",
            json!({"region": "us-east-1"}),
            "https://bedrock-runtime.us-east-1.amazonaws.com/",
            Some("https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1"),
        );
        assert_at(
            "bedrock",
            json!({"region": "us-east-1", "api_base": "https://vpce.example.com"}),
            "https://vpce.example.com/",
            Some("https://vpce.example.com/openai/v1"),
        );
        assert_at(
            "vertex",
            json!({"project": "p-1", "location": "europe-west4"}),
            "https://europe-west4-aiplatform.googleapis.com/",
            Some(
                "https://europe-west4-aiplatform.googleapis.com/v1/projects/p-1/locations/europe-west4/endpoints/openapi",
            ),
        );
        assert_at(
            "vertex",
            json!({"project": "a/b", "location": "global"}),
            "https://aiplatform.googleapis.com/",
            Some("https://aiplatform.googleapis.com/v1/projects/a%2Fb/locations/global/endpoints/openapi"),
        );
        let found = at("vertex", json!({"project": "p"})).unwrap();
        assert_eq!(found.base.as_str(), "https://us-central1-aiplatform.googleapis.com/");
        let found = at("vertex", json!({"project": "p", "api_base": "https://x.example.com/v"})).unwrap();
        assert_eq!(found.base.as_str(), "https://x.example.com/v");
    }

    #[test]
    fn azure_paths_name_what_is_deployed() {
        let azure = |mut object: Value| {
            object["api_base"] = json!("https://x.example.com/p");
            at("azure", object)
        };
        for (object, base, version, deployment) in [
            (json!({}), "https://x.example.com/p/openai", AZURE_API_VERSION, Deployment::OfModel),
            (
                json!({"deployment": "gpt 4/o", "api_version": "2025-01-01-preview"}),
                "https://x.example.com/p/openai",
                "2025-01-01-preview",
                Deployment::Named("gpt 4/o".into()),
            ),
            (
                json!({"deployment": ""}),
                "https://x.example.com/p/openai",
                AZURE_API_VERSION,
                Deployment::OfModel,
            ),
            (
                json!({"no_named_deployment": true, "deployment": "x"}),
                "https://x.example.com/p",
                AZURE_API_VERSION,
                Deployment::None,
            ),
        ] {
            let found = azure(object.clone()).unwrap();
            assert_eq!(found.base.as_str(), base, "{object}");
            assert_eq!(found.azure, Some(AzurePath { api_version: version.into(), deployment }), "{object}");
        }
        for name in [".", ".."] {
            assert!(azure(json!({"deployment": name})).is_err(), "{name}");
        }
    }

    #[test]
    fn an_api_base_that_is_no_plain_address_is_refused() {
        for base in ["x", "ftp://x", "https://user@x", "https://x?a=b", "https://x#a"] {
            let kinds =
                ["openai", "azure", "azure_ai_gateway", "bedrock", "vertex", "databricks", "mistral", "cohere"];
            for kind in kinds {
                let found = at(kind, json!({"api_base": base, "region": "r", "project": "p"}));
                assert!(
                    matches!(found, Err(Unfit::Metadata { field: "api_base", .. })),
                    "{kind} {base} {found:?}"
                );
            }
            assert!(matches!(at("ollama", json!({"api_base": base})), Err(Unfit::NoDestination(_))), "{base}");
        }
        assert!(at("openai", json!({"api_base": ["https://x"]})).is_err());
    }

    #[test]
    fn a_place_cannot_lead_to_another_host() {
        for place in
            ["", "evil.example.com/", "x.y", "US-EAST-1", "a b", "a#", "a?", "a@b", "ü", &"a".repeat(33)]
        {
            let bedrock = at("bedrock", json!({"region": place}));
            assert!(matches!(bedrock, Err(Unfit::Metadata { field: "region", .. })), "{place}");
            let vertex = at("vertex", json!({"project": "p", "location": place}));
            let is_refused = matches!(vertex, Err(Unfit::Metadata { field: "location", .. }));
            assert_eq!(is_refused, !place.is_empty(), "{place}");
        }
        for place in ["us-east-1", "eu", "me-central2", &"a".repeat(32)] {
            assert!(at("bedrock", json!({"region": place})).is_ok(), "{place}");
        }
    }

    #[test]
    fn some_have_no_destination() {
        for (kind, object) in [
            ("js", json!({})),
            ("braintrust", json!({})),
            ("braintrust", json!({"api_base": "https://x.example.com"})),
            ("lepton", json!({"models": ["m"]})),
            ("ollama", json!(null)),
            ("ollama", json!({"api_base": ""})),
            ("ollama", json!({"api_base": 1})),
        ] {
            assert!(matches!(at(kind, object.clone()), Err(Unfit::NoDestination(_))), "{kind} {object}");
        }
        for kind in ["azure", "azure_ai_gateway", "databricks"] {
            assert_eq!(at(kind, json!(null)), Err(NO_API_BASE), "{kind}");
        }
        assert!(at("vertex", json!(null)).is_err() && at("bedrock", json!(null)).is_err());
    }

    #[test]
    fn each_host_is_named_once_and_no_path_is_printed() {
        let cohere = at("cohere", json!({})).unwrap();
        assert_eq!(cohere.hosts(), ["https://api.cohere.ai:443".into(), "https://api.cohere.com:443".into()]);
        let secret_path = at("openai", json!({"api_base": "https://x.example.com/canary"})).unwrap();
        assert_eq!(secret_path.hosts().len(), 1);
        assert_eq!(format!("{secret_path:?}"), "Destination(https://x.example.com:443)");
    }
}
