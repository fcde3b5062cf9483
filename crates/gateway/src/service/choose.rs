//! Which secrets serve a request, and under which name its model is sent to their providers
//! (design/decisions.md 24).

use std::sync::Arc;

use keyholt_engine::providers::{ProviderType, lists_model, split_provider};
use keyholt_engine::{Choice, Engine, Error, UseRequest};
use keyholt_types::Caller;

use super::route::Format;
use crate::refusal::Refusal;

/// What a request says of the secret that it wants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) format: Format,
    /// The secret's name.
    pub(super) name: Option<&'a str>,
    /// The model, as the request names it.
    pub(super) model: Option<&'a str>,
}

/// A secret that serves a request.
pub(super) struct Candidate {
    pub(super) choice: Choice,
    /// The model's name for its provider.
    pub(super) model: Option<Arc<str>>,
}

/// The secrets that serve a request, best first; at least one.
///
/// # Errors
/// As [`Engine::find_usable`].
pub(super) async fn candidates(
    engine: &Arc<Engine>,
    caller: &Caller,
    wanted: Wanted<'_>,
) -> Result<Vec<Candidate>, Refusal> {
    let request = |model, provider| UseRequest {
        model,
        name: wanted.name,
        provider,
        understands: match wanted.format {
            Format::OpenAi => understands_openai,
            Format::Anthropic => |provider| provider == ProviderType::Anthropic,
            Format::Google => |provider| provider == ProviderType::Google,
        },
    };
    if wanted.name.is_some() {
        let choices = engine.find_usable(caller, request(wanted.model, None)).await?;
        return Ok(choices.into_iter().map(|choice| named(choice, wanted.model)).collect());
    }
    let Some(model) = wanted.model else {
        // A list of models, an answer that was stored: that is OpenAI's own, where there is a secret of it.
        let own = (wanted.format == Format::OpenAi).then_some(ProviderType::OpenAi);
        let choices = match engine.find_usable(caller, request(None, own)).await {
            Err(Error::NotFound) if own.is_some() => engine.find_usable(caller, request(None, None)).await?,
            other => other?,
        };
        return Ok(choices.into_iter().map(|choice| Candidate { choice, model: None }).collect());
    };
    let all = |choices: Vec<Choice>, model: &str| {
        let model: Arc<str> = model.into();
        let each = |choice| Candidate { choice, model: Some(Arc::clone(&model)) };
        choices.into_iter().map(each).collect()
    };
    let Some((provider, bare)) = split_provider(model) else {
        return Ok(all(engine.find_usable(caller, request(Some(model), None)).await?, model));
    };
    // A credential for one model may name it either way.
    let allows_whole = caller.identity.allows_model(Some(model));
    if allows_whole || !caller.identity.allows_model(Some(bare)) {
        match engine.find_usable(caller, request(Some(model), None)).await {
            Err(Error::NotFound) => {}
            other => return Ok(all(other?, model)),
        }
    }
    let shown = if allows_whole { model } else { bare };
    Ok(all(engine.find_usable(caller, request(Some(shown), Some(provider))).await?, bare))
}

/// A secret that the request names: `provider/model` is split only when it is that provider's.
fn named(choice: Choice, model: Option<&str>) -> Candidate {
    let bare = choice.named().and_then(|usable| {
        let metadata = usable.secret().details.metadata.as_ref();
        let bare = model.and_then(split_provider).filter(|(provider, _)| *provider == usable.provider());
        bare.filter(|_| !model.is_some_and(|model| lists_model(metadata, model)))
    });
    let model = bare.map(|(_, bare)| bare).or(model).map(Arc::from);
    Candidate { choice, model }
}

/// Who understands requests in OpenAI's format and can be authenticated to with a header.
const fn understands_openai(provider: ProviderType) -> bool {
    match provider {
        ProviderType::OpenAi
        | ProviderType::Azure
        | ProviderType::AzureAiGateway
        | ProviderType::Mistral
        | ProviderType::Cohere
        | ProviderType::Groq
        | ProviderType::Perplexity
        | ProviderType::Together
        | ProviderType::Fireworks
        | ProviderType::Cerebras
        | ProviderType::XAi
        | ProviderType::OpenRouter
        | ProviderType::Replicate
        | ProviderType::Baseten
        | ProviderType::Lepton
        | ProviderType::Databricks
        | ProviderType::Ollama
        // Through the interfaces of theirs that take it.
        | ProviderType::Anthropic
        | ProviderType::Google => true,
        ProviderType::Bedrock | ProviderType::Vertex | ProviderType::Js | ProviderType::Braintrust => false,
    }
}
