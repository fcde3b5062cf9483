//! A request as a provider is sent it, but for the body: built from the secret, never from what the caller says of
//! where it should go (design/security.md C).

use http::header::HeaderMap;
use http::{HeaderName, HeaderValue, Uri};
use keyholt_engine::Usable;
use keyholt_engine::providers::{AuthHeader, AzurePath, Deployment, Unfit, auth_for, openai_auth_for};
use keyholt_types::SecretValue;
use url::Url;
use url::form_urlencoded::{byte_serialize, parse};

use super::added_headers::{add_headers, sensitive};
use super::route::{Format, Forward};
use crate::egress::{EgressPolicy, Permit};
use crate::refusal::Refusal;
use crate::target::{Query, Segments, TargetRefused, upstream_url};

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
    let asked = match &destination.azure {
        None => upstream_url(base, &asked_for.path, query)?,
        Some(azure) => {
            let path = azure_path(&azure.deployment, &asked_for.path, model)?;
            upstream_url(base, &path, Some(&azure_query(azure, query)?))?
        }
    };
    let permit = policy.check_url(base).map_err(Refusal::Egress)?;
    let uri = asked.as_str().parse().map_err(|_| Refusal::from(TargetRefused::Base))?;
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
    // Also where its name is encoded: given twice, one of the two would count, and nobody knows which.
    let is_version = |pair: &&str| {
        parse(pair.as_bytes()).next().is_some_and(|(name, _)| name.eq_ignore_ascii_case("api-version"))
    };
    let version: String = byte_serialize(azure.api_version.as_bytes()).collect();
    let mut pairs: Vec<&str> = given.split('&').filter(|pair| !pair.is_empty() && !is_version(pair)).collect();
    let version = format!("api-version={version}");
    pairs.push(&version);
    Ok(Query::parse(&pairs.join("&"))?)
}

/// The header that carries the value in requests of this format.
///
/// # Errors
/// When the value would not survive in a header, or more than one is needed.
pub(super) fn auth(usable: &Usable, format: Format, value: &SecretValue) -> Result<AuthHeader, Unfit> {
    let (provider, metadata) = (usable.provider(), usable.secret().details.metadata.as_ref());
    match format {
        Format::OpenAi => openai_auth_for(provider, metadata, value),
        Format::Anthropic | Format::Google => auth_for(provider, metadata, value),
    }
}

/// The headers of a request.
pub(super) struct OutgoingHeaders {
    /// The caller's as far as they are passed on, then the secret's.
    pub(super) headers: HeaderMap,
    /// What in them is as private as the value, and is taken out of the answer like it.
    pub(super) private: Vec<SecretValue>,
}

/// The headers of a request.
///
/// # Errors
/// When what the metadata add would not survive in a header.
pub(super) fn headers(
    passed: &HeaderMap,
    usable: &Usable,
    auth: Option<AuthHeader>,
) -> Result<OutgoingHeaders, Unfit> {
    let mut headers = passed.clone();
    let private = add_headers(&mut headers, usable)?;
    if let Some(AuthHeader { name, value }) = auth {
        #[expect(
            clippy::disallowed_methods,
            reason = "EXPOSE: the value is put into the request to its provider"
        )]
        let value = HeaderValue::from_str(value.expose()).map_err(|_| Unfit::NotHeaderSafe)?;
        headers.insert(HeaderName::from_static(name), sensitive(value));
    }
    Ok(OutgoingHeaders { headers, private })
}

#[cfg(test)]
mod tests {
    use keyholt_engine::{NewSecret, OrgChoice, UseRequest};
    use keyholt_testkit::TestEngine;
    use keyholt_types::{SecretName, SecretType};

    use super::super::route::Route;
    use super::*;

    const VALUE: &str = "sk-private-0123456789";

    /// The URL and the header with the value, of a request of an official provider.
    async fn built(kind: &str, path: &str) -> (String, String, String) {
        let test = TestEngine::in_memory().await;
        let new = NewSecret {
            name: SecretName::parse("a").unwrap(),
            kind: Some(SecretType::parse(kind).unwrap()),
            metadata: None,
            description: None,
            value: Some(SecretValue::parse(VALUE.to_owned()).unwrap()),
            ttl: None,
        };
        test.engine.create_secret(&test.owner, OrgChoice::Unnamed, new).await.unwrap();
        let request = UseRequest { model: None, name: Some("a"), provider: None, understands: |_| true };
        let choice = test.engine.find_usable(&test.owner, request).await.unwrap().remove(0);
        let usable = test.engine.open_choice(&test.owner, choice).await.unwrap();
        let Route::Forward(asked_for) = Route::parse(path).unwrap() else { panic!() };
        let target = target(&EgressPolicy::default(), &usable, &asked_for, None, None).unwrap();
        let value = SecretValue::parse(VALUE.to_owned()).unwrap();
        let auth = auth(&usable, asked_for.format, &value).unwrap();
        let headers = headers(&HeaderMap::new(), &usable, Some(auth)).unwrap().headers;
        let (name, value) = headers.iter().next().unwrap();
        assert!(headers.len() == 1 && value.is_sensitive());
        (target.uri.to_string(), name.to_string(), value.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn each_format_goes_where_its_provider_takes_it_and_the_key_is_never_in_the_url() {
        for (kind, path, url, name) in [
            ("anthropic", "anthropic/v1/messages", "https://api.anthropic.com/v1/messages", "x-api-key"),
            (
                "google",
                "google/models/gemini-2.5-pro:streamGenerateContent",
                "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:streamGenerateContent",
                "x-goog-api-key",
            ),
            ("openai", "responses", "https://api.openai.com/v1/responses", "authorization"),
            ("groq", "chat/completions", "https://api.groq.com/openai/v1/chat/completions", "authorization"),
            (
                "cohere",
                "chat/completions",
                "https://api.cohere.ai/compatibility/v1/chat/completions",
                "authorization",
            ),
            (
                "google",
                "chat/completions",
                "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
                "authorization",
            ),
        ] {
            let (uri, header, value) = built(kind, &format!("/v1/proxy/{path}")).await;
            assert_eq!((uri.as_str(), header.as_str()), (url, name));
            let expected = if name == "authorization" { format!("Bearer {VALUE}") } else { VALUE.to_owned() };
            assert_eq!(value, expected);
        }
    }
}
