//! A request as a provider is sent it, but for the body: built from the secret, never from what the caller says of
//! where it should go (design/security.md C).

use http::header::HeaderMap;
use http::{HeaderName, HeaderValue, Uri};
use keyholt_engine::Usable;
use keyholt_engine::providers::{
    AuthHeader, AzurePath, Deployment, Unfit, additional_headers, auth_for, openai_auth_for,
};
use keyholt_types::SecretValue;
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::route::{Format, Forward};
use crate::egress::{EgressPolicy, Permit};
use crate::refusal::Refusal;
use crate::target::{Query, Segments, upstream_url};

/// Where a request goes.
pub(super) struct Target {
    /// The record's URL.
    pub(super) base: Url,
    /// The whole URL.
    pub(super) asked: Url,
    /// The same, as it is sent.
    pub(super) uri: Uri,
    /// That it may go there.
    pub(super) permit: Permit,
}

/// Where a request goes with this secret.
///
/// # Errors
/// When the secret has nowhere for requests of this format, or it is not one that may be reached.
pub(super) fn target(
    policy: &EgressPolicy,
    usable: &Usable,
    asked_for: &Forward,
    model: Option<&str>,
    query: Option<&Query>,
) -> Result<Target, Refusal> {
    let destination = usable.destination();
    let base = match asked_for.format {
        Format::OpenAi => destination.openai.as_ref().ok_or(Refusal::Unusable(Unfit::OtherFormat))?,
        Format::Anthropic | Format::Google => &destination.base,
    };
    let uri = match &destination.azure {
        None => upstream_url(base, &asked_for.path, query)?,
        Some(azure) => {
            let path = azure_path(&azure.deployment, &asked_for.path, model)?;
            upstream_url(base, &path, Some(&azure_query(azure, query)?))?
        }
    };
    let permit = policy.check_url(base).map_err(Refusal::Egress)?;
    let asked = Url::parse(&uri.to_string()).map_err(|_| Refusal::Internal)?;
    Ok(Target { base: base.clone(), asked, uri, permit })
}

/// Requests for a model go below its deployment; lists of models and responses have no place there.
fn azure_path(deployment: &Deployment, path: &Segments, model: Option<&str>) -> Result<Segments, Refusal> {
    let is_of_a_model = !matches!(path.iter().next(), Some("models" | "responses"));
    let name = match deployment {
        Deployment::Named(name) => Some(&**name),
        Deployment::OfModel if is_of_a_model => {
            let unknown = Refusal::Request("the secret needs metadata.deployment: the request names no model");
            Some(model.ok_or(unknown)?)
        }
        Deployment::OfModel | Deployment::None => None,
    };
    let Some(name) = name.filter(|_| is_of_a_model) else { return Ok(path.clone()) };
    let whole = ["deployments", name].into_iter().chain(path.iter()).map(str::to_owned).collect();
    Ok(Segments::of(whole)?)
}

/// The secret's version of the interface, whatever the caller's.
fn azure_query(azure: &AzurePath, query: Option<&Query>) -> Result<Query, Refusal> {
    let given = query.map(Query::as_str).unwrap_or_default();
    let is_version = |pair: &&str| pair.to_ascii_lowercase().starts_with("api-version=");
    let version: String = byte_serialize(azure.api_version.as_bytes()).collect();
    let mut pairs: Vec<&str> = given.split('&').filter(|pair| !pair.is_empty() && !is_version(pair)).collect();
    let version = format!("api-version={version}");
    pairs.push(&version);
    Ok(Query::parse(&pairs.join("&"))?)
}

/// The headers of a request with this value: the caller's as far as they are passed on, then the secret's.
///
/// # Errors
/// When the value or what the metadata add would not survive in a header.
pub(super) fn headers(
    passed: &HeaderMap,
    usable: &Usable,
    format: Format,
    value: Option<&SecretValue>,
) -> Result<HeaderMap, Refusal> {
    let (provider, metadata) = (usable.provider(), usable.secret().details.metadata.as_ref());
    let mut headers = passed.clone();
    for header in additional_headers(provider, metadata).map_err(Refusal::Unusable)? {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        let name = name.map_err(|_| Refusal::Unusable(Unfit::HeaderName))?;
        let value = HeaderValue::from_str(&header.value);
        headers.insert(name, sensitive(value.map_err(|_| Refusal::Unusable(Unfit::HeaderValue))?));
    }
    if let Some(value) = value {
        let auth = match format {
            Format::OpenAi => openai_auth_for(provider, metadata, value),
            Format::Anthropic | Format::Google => auth_for(provider, metadata, value),
        };
        let AuthHeader { name, value } = auth.map_err(Refusal::Unusable)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "EXPOSE: the value is put into the request to its provider"
        )]
        let value = HeaderValue::from_str(value.expose());
        let value = value.map_err(|_| Refusal::Unusable(Unfit::NotHeaderSafe))?;
        headers.insert(HeaderName::from_static(name), sensitive(value));
    }
    Ok(headers)
}

/// What is so marked does not print.
fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}
