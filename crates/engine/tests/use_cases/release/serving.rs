//! Which secrets serve a request: all those, and in that order, that would if each secret of the caller's were opened and
//! looked at. Which of them need not be opened changes nothing.

use std::cmp::Ordering;

use keyholt_engine::providers::{ModelRules, ProviderType, check_metadata, destination, weight};
use keyholt_engine::{
    Error, NewApiKey, NewSecret, OrgChoice, SecretFilter, SecretView, UseRequest, providers::Unfit, unusable,
};
use keyholt_testkit::TestEngine;
use keyholt_types::{Caller, Restriction, Right, Rights, Role, SecretId, TtlSeconds};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{bare, kind, list, merge, metadata, value};
use crate::identity::fixture::restriction;

const KINDS: &[&str] =
    &["", "openai", "openai", "anthropic", "google", "groq", "bedrock", "ollama", "js", "other"];
const MODELS: &[Option<&str>] = &[None, Some("gpt-4o"), Some("claude-4"), Some("llama-3"), Some("anthropic.x")];

/// What decides: models, what does not fit, weights, where values go.
fn each_metadata() -> Vec<Value> {
    let custom = json!({"format": "openai", "flavor": "chat"});
    vec![
        json!(null),
        json!({}),
        json!({"models": ["gpt-4o"]}),
        json!({"models": ["llama-3"], "region": "us-east-1"}),
        json!({"models": "gpt-4o"}),
        json!({"customModels": {"llama-3": custom}}),
        json!({"customModels": {"gpt-4o": {}}}),
        json!({"customModels": {"claude-4": custom}, "excludeDefaultModels": true}),
        json!({"region": "us-east-1"}),
        json!({"api_base": "https://x.example.com"}),
        json!({"api_base": "http://x.example.com"}),
        json!({"api_base": "nowhere"}),
        json!({"keyholt": {"weight": 2}}),
        json!({"keyholt": {"weight": 0.5}}),
    ]
}

#[derive(Debug, Clone)]
struct Made {
    kind: &'static str,
    metadata: Value,
    is_in_acme: bool,
    has_value: bool,
    is_expired: bool,
    is_moved: bool,
}

fn made() -> impl Strategy<Value = Made> {
    let kinds = proptest::sample::select(KINDS);
    let metadata = proptest::sample::select(each_metadata());
    let [rarely, seldom] = [0.1, 0.05].map(proptest::bool::weighted);
    (kinds, metadata, any::<bool>(), rarely.prop_map(|lacks| !lacks), rarely, seldom).prop_map(
        |(kind, metadata, is_in_acme, has_value, is_expired, is_moved)| Made {
            kind,
            metadata,
            is_in_acme,
            has_value,
            is_expired,
            is_moved,
        },
    )
}

async fn make(test: &TestEngine, owner: &Caller, number: usize, made: &Made) {
    let name = format!("{} {number}", if number.is_multiple_of(3) { "team" } else { "other" });
    let new = NewSecret {
        kind: (!made.kind.is_empty()).then(|| kind(made.kind)),
        metadata: (!made.metadata.is_null()).then(|| metadata(made.metadata.clone())),
        value: made.has_value.then(|| value("sk-1")),
        ttl: made.is_expired.then(|| TtlSeconds::parse(86_400).unwrap()),
        ..bare(&name)
    };
    let org = OrgChoice::Named(if made.is_in_acme { "acme" } else { "default" });
    let id = test.engine.create_secret(owner, org, new).await.unwrap().secret.columns.id;
    if made.is_moved {
        let elsewhere = merge(json!({"api_base": "https://moved.example.com"}));
        test.engine.patch_secret(owner, id, elsewhere).await.unwrap();
    }
    test.clock.advance_micros(300);
}

/// What is done with each secret once it is open (design/decisions.md 24).
fn judge(secret: &SecretView, request: UseRequest<'_>) -> Result<Option<f64>, Unfit> {
    let (kind, metadata) = (secret.columns.kind.as_deref(), secret.details.metadata.as_ref());
    let provider = match (kind.and_then(ProviderType::parse), request.name) {
        (Some(provider), _) => provider,
        (None, Some(_)) => return Err(Unfit::UnknownType),
        (None, None) => return Ok(None),
    };
    let is_wanted = request.provider.is_none_or(|wanted| wanted == provider);
    let is_by_model = request.name.is_none() && request.provider.is_none();
    if !is_wanted || is_by_model && !ModelRules::default().matches(provider, metadata, request.model) {
        return Ok(None);
    }
    if !(request.understands)(provider) {
        return if request.name.is_some() { Err(Unfit::OtherFormat) } else { Ok(None) };
    }
    check_metadata(kind, metadata)?;
    destination(provider, metadata)?;
    match unusable(secret) {
        Some(unfit) => Err(unfit),
        None => Ok(Some(metadata.map_or(1.0, weight))),
    }
}

/// The ids that serve a request, when so many requests were served before; why there are none.
fn expected(secrets: &[SecretView], request: UseRequest<'_>, turn: usize) -> Result<Vec<SecretId>, Error> {
    let (mut serve, mut problem) = (Vec::new(), Error::NotFound);
    for secret in secrets.iter().filter(|secret| request.name.is_none_or(|name| *secret.columns.name == *name))
    {
        match judge(secret, request) {
            Ok(Some(weight)) => serve.push((weight, secret.columns.id)),
            Ok(None) => {}
            Err(unfit) => problem = Error::Unusable(unfit),
        }
    }
    let turns = serve.len().max(1);
    serve.rotate_left(turn % turns);
    serve.sort_by(|(one, _), (other, _)| other.partial_cmp(one).unwrap_or(Ordering::Equal));
    if serve.is_empty() { Err(problem) } else { Ok(serve.into_iter().map(|(_, id)| id).collect()) }
}

async fn narrowed(test: &TestEngine, owner: &Caller, orgs: &[&str], restriction: Restriction) -> Caller {
    let orgs = orgs.iter().map(|name| (*name).into()).collect();
    let rights = Rights::of(&[Right::Read, Right::Use]);
    let new = NewApiKey { orgs, restriction, ..TestEngine::new_key(rights) };
    test.caller(&test.issue_with(owner, new).await.unwrap()).await.unwrap()
}

/// The secrets that serve a request, each opened.
async fn opened(test: &TestEngine, caller: &Caller, request: UseRequest<'_>) -> Result<Vec<SecretId>, Error> {
    let mut ids = Vec::new();
    for choice in test.engine.find_usable(caller, request).await? {
        ids.push(test.engine.open_choice(caller, choice).await?.secret().columns.id);
    }
    Ok(ids)
}

async fn requests_are_served_as_if_all_were_opened(secrets: &[Made]) {
    let test = TestEngine::in_memory().await;
    let owner = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    for (number, made) in secrets.iter().enumerate() {
        make(&test, &owner, number, made).await;
    }
    test.clock.advance_seconds(86_400);
    let both = &["default", "acme"];
    let callers = [
        narrowed(&test, &owner, &["acme"], Restriction::default()).await,
        narrowed(&test, &owner, both, restriction(&["team*"], &[], &[])).await,
        narrowed(&test, &owner, both, restriction(&[], &["openai", "js"], &[])).await,
        owner,
    ];
    let understands: [fn(ProviderType) -> bool; 4] = [
        |_| true,
        |provider| provider != ProviderType::Bedrock && provider != ProviderType::Js,
        |provider| provider == ProviderType::Anthropic,
        |_| false,
    ];
    let names: Vec<String> = (0..8).flat_map(|n| [format!("team {n}"), format!("other {n}")]).collect();
    let names = [None].into_iter().chain(names.iter().map(|name| Some(&**name)));
    let mut turn = 0;
    for caller in &callers {
        let open = list(&test, caller, SecretFilter::default()).await;
        for (name, model) in names.clone().flat_map(|name| MODELS.iter().map(move |model| (name, *model))) {
            for provider in [None, Some(ProviderType::OpenAi), Some(ProviderType::Groq), Some(ProviderType::Js)]
            {
                for understands in understands {
                    let request = UseRequest { model, name, provider, understands };
                    let found = opened(&test, caller, request).await;
                    assert_eq!(found, expected(&open, request, turn), "{request:?}");
                    turn += usize::from(found.is_ok());
                }
            }
        }
    }
}

proptest! {
    // Each case is some hundred secrets and thousands of requests.
    #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 30, ..ProptestConfig::default() })]
    #[test]
    fn what_serves_a_request_does_not_depend_on_how_it_is_looked_for(
        secrets in proptest::collection::vec(made(), 150..450),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(requests_are_served_as_if_all_were_opened(&secrets));
    }
}

/// The first rows are read whatever their types, the others type by type.
#[tokio::test]
async fn a_secret_of_any_age_is_found_among_many() {
    let test = TestEngine::in_memory().await;
    let caller = test.caller_with(Role::App.rights()).await;
    let mut ids = Vec::new();
    for number in 0..350 {
        let serves = [0, 120, 349].contains(&number);
        // Of the type alone there are more than are read at a time.
        let kind_of = if serves || number % 2 == 0 { "openai" } else { ["other", "groq"][number % 4 / 2] };
        let models = metadata(json!({"models": [if serves { "gpt-4o" } else { "gpt-5" }]}));
        let new = NewSecret {
            kind: Some(kind(kind_of)),
            metadata: Some(models),
            value: Some(value("v")),
            ..bare(&format!("s {number}"))
        };
        let id =
            test.engine.create_secret(&test.owner, OrgChoice::Unnamed, new).await.unwrap().secret.columns.id;
        if serves {
            ids.push(id);
        }
    }
    let request = UseRequest { model: Some("gpt-4o"), name: None, provider: None, understands: |_| true };
    ids.reverse();
    // As they were read, and as they were remembered.
    for _ in 0..2 {
        let mut found = opened(&test, &caller, request).await.unwrap();
        found.sort_by(|one, other| other.cmp(one));
        assert_eq!(found, ids);
    }
}
