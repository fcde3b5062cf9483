//! What the gateway serves, as OpenAPI: whoever mounts it adds this to its own description.

use utoipa::OpenApi as _;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn, PathItemBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, HttpMethod, ObjectBuilder, OpenApi, PathItem, Required, ResponseBuilder,
    SecurityRequirement, Type,
};

use super::credentials;
use super::route::Format;

/// The three ways to show a credential (design/decisions.md 7).
const SCHEMES: [&str; 3] = ["bearerAuth", "anthropicApiKey", "googleApiKey"];

/// The methods that are passed on, each with what is done by it.
const METHODS: [(HttpMethod, &str, &str); 3] = [
    (HttpMethod::Get, "get", "Read from"),
    (HttpMethod::Post, "post", "Send a request to"),
    (HttpMethod::Delete, "delete", "Delete at"),
];

const FORMATS: [Format; 3] = [Format::OpenAi, Format::Anthropic, Format::Google];

#[derive(utoipa::OpenApi)]
#[openapi(paths(credentials::make))]
struct Credentials;

/// The paths of the gateway. Those that are passed on are described once for each format of requests: what goes in and
/// what comes back is the provider's to describe.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut openapi = Credentials::openapi();
    for format in FORMATS {
        let path = format!("{}/{{path}}", format.mount());
        openapi.paths.paths.insert(path, passed_on(format));
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let header = |name: &str| SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(name)));
    let schemes = [SecurityScheme::Http(bearer), header("x-api-key"), header("x-goog-api-key")];
    let components = openapi.components.get_or_insert_default();
    for (name, scheme) in SCHEMES.into_iter().zip(schemes) {
        components.add_security_scheme(name, scheme);
    }
    openapi
}

fn passed_on(format: Format) -> PathItem {
    let (whose, paths) = match format {
        Format::OpenAi => (
            "OpenAi",
            "chat/completions, completions, embeddings, moderations, responses and what is below, models, \
             models/{model}, images/... and audio/...",
        ),
        Format::Anthropic => (
            "Anthropic",
            "messages and what is below, complete, models and models/{model}; at /v1/proxy/anthropic/v1",
        ),
        Format::Google => {
            ("Google", "models/{model}:{verb} and models, also below v1beta or v1; at /v1/proxy/google")
        }
    };
    let mut item = PathItemBuilder::new();
    for (method, word, what) in METHODS {
        let mut operation = OperationBuilder::new()
            .tag("Gateway")
            .operation_id(Some(format!("{word}Through{whose}")))
            .summary(Some(format!("{what} a provider that understands {whose}'s format")))
            .description(Some(format!(
                "The path is the rest of the URL, its slashes included: {paths}. Queries and bodies are the \
                 provider's, and so is the answer, with whatever status, without the values that were sent. The \
                 gateway's own refusals are in the form of OpenAI's errors."
            )))
            .parameter(parameter("path", ParameterIn::Path, Required::True))
            .parameter(parameter("x-bt-endpoint-name", ParameterIn::Header, Required::False))
            .securities(Some(SCHEMES.map(security)))
            .response("default", ResponseBuilder::new().description("The provider's answer").build());
        if word == "post" {
            let body = RequestBodyBuilder::new().content("*/*", ContentBuilder::new().build()).build();
            operation = operation.request_body(Some(body));
        }
        item = item.operation(method, operation.build());
    }
    item.build()
}

fn parameter(name: &str, place: ParameterIn, required: Required) -> utoipa::openapi::path::Parameter {
    let description = match required {
        Required::True => "The path below the provider's base",
        Required::False => "The name of the secret, where the model does not tell which",
    };
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(required);
    parameter.description(Some(description)).schema(Some(text)).build()
}

fn security(scheme: &str) -> SecurityRequirement {
    SecurityRequirement::new(scheme, Vec::<String>::new())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::route::Route;
    use super::*;

    #[test]
    fn every_described_path_is_one_that_is_served_and_every_format_is_described() {
        let mut formats = Vec::new();
        for path in openapi().paths.paths.into_keys() {
            let asked = ["models", "models/some"].map(|rest| path.replace("{path}", rest));
            for asked in asked {
                match Route::parse(&asked) {
                    Ok(Route::Credentials) => assert_eq!(asked, "/v1/proxy/credentials"),
                    Ok(Route::Forward(forward)) => formats.push(forward.format),
                    Err(_) => panic!("{asked}"),
                }
            }
        }
        for format in FORMATS {
            assert_eq!(formats.iter().filter(|one| **one == format).count(), 2, "{format:?}");
        }
    }

    #[test]
    fn every_operation_says_what_it_does_and_shows_a_credential() {
        let text = openapi().to_json().unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let schemes = document["components"]["securitySchemes"].as_object().unwrap();
        let mut ids = std::collections::BTreeSet::new();
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                assert!(
                    operation["summary"].is_string() && operation["tags"] == serde_json::json!(["Gateway"])
                );
                assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{operation}");
                let security = operation["security"].as_array().unwrap();
                assert_eq!(security.len(), 3);
                assert!(
                    security
                        .iter()
                        .all(|one| schemes.contains_key(one.as_object().unwrap().keys().next().unwrap()))
                );
            }
        }
        assert_eq!(ids.len(), 10);
    }
}
