//! What a hostile caller tries, who has read the code.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request};
use http_body::{Body, Frame};
use http_body_util::Full;
use keyholt_engine::{OrgChoice, TestSecret, Tested};
use keyholt_gateway::GatewaySettings;
use keyholt_gateway::scrub::Scrubber;
use keyholt_testkit::{FakeProvider, Step};
use keyholt_types::{RequestContext, Right, Rights, SecretValue};
use serde_json::json;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::world::{Answer, VALUE, World, soon, until};

async fn provider() -> FakeProvider {
    FakeProvider::saying(Step::json(200, "{}")).await.unwrap()
}

/// Sends a body in JSON with a credential for `gpt-4o` alone.
async fn with_credential(world: &World, method: Method, path: &str, body: &str) -> Answer {
    let made = world.send(world.request("credentials", r#"{"model":"gpt-4o","ttl_seconds":60}"#)).await;
    let key = made.json()["key"].as_str().unwrap().to_owned();
    let request = Request::builder().method(method).uri(format!("/v1/proxy/{path}"));
    let request = request.header("authorization", format!("Bearer {key}"));
    let request = request.header("content-type", "application/json").header("x-bt-endpoint-name", "KEY");
    world.send(request.body(Full::new(Bytes::from(body.to_owned()))).unwrap()).await
}

#[tokio::test]
async fn a_credential_for_one_model_reaches_nothing_else_by_naming_it_in_a_body_that_nobody_reads() {
    let provider = provider().await;
    let world = World::new(&[&provider]).await;
    let metadata = json!({ "api_base": provider.url("/v1") });
    world.secret("KEY", "openai", VALUE, metadata).await;
    let body = r#"{"model":"gpt-4o"}"#;
    for (method, path) in [
        (Method::DELETE, "models/ft:gpt-4o:of-others"),
        (Method::GET, "models/ft:gpt-4o:of-others"),
        (Method::GET, "models"),
        (Method::GET, "responses/resp_of_others"),
        (Method::DELETE, "responses/resp_of_others"),
        (Method::POST, "responses/resp_of_others/cancel"),
    ] {
        let answer = with_credential(&world, method.clone(), path, body).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "permission_denied"), "{method} {path}");
    }
    assert_eq!(provider.requests().len(), 0);
    assert_eq!(with_credential(&world, Method::POST, "responses", body).await.status, 200);
    assert_eq!(with_credential(&world, Method::POST, "responses/input_tokens", body).await.status, 200);
    assert_eq!(with_credential(&world, Method::GET, "models/gpt-4o", "").await.status, 200);
}

#[tokio::test]
async fn a_credential_for_one_model_names_no_others_beside_it() {
    let provider = provider().await;
    let world = World::new(&[&provider]).await;
    world.secret("KEY", "openrouter", VALUE, json!({ "api_base": provider.url("/v1") })).await;
    let body = r#"{"model":"gpt-4o","models":["anthropic/claude-opus-4"],"route":"fallback"}"#;
    let answer = with_credential(&world, Method::POST, "chat/completions", body).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "permission_denied"));
    assert_eq!(provider.requests().len(), 0);
    // Whoever may use all models may.
    assert_eq!(world.send(world.request("chat/completions", body)).await.status, 404);
    let mut named = world.request("chat/completions", body);
    named.headers_mut().insert("x-bt-endpoint-name", "KEY".parse().unwrap());
    assert_eq!(world.send(named).await.status, 200);
}

#[tokio::test]
async fn a_credential_for_one_model_makes_no_batches_of_others() {
    let provider = provider().await;
    let world = World::new(&[&provider]).await;
    world.secret("KEY", "anthropic", VALUE, json!({ "api_base": provider.url("/v1") })).await;
    let body = r#"{"model":"gpt-4o","requests":[{"custom_id":"a","params":{"model":"claude-opus-4"}}]}"#;
    let answer = with_credential(&world, Method::POST, "anthropic/v1/messages/batches", body).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "permission_denied"));
    assert_eq!(provider.requests().len(), 0);
    let count = "anthropic/v1/messages/count_tokens";
    assert_eq!(with_credential(&world, Method::POST, count, r#"{"model":"gpt-4o"}"#).await.status, 200);
}

#[tokio::test]
async fn an_answer_whose_transfer_is_compressed_is_not_passed_on() {
    for coding in ["gzip, chunked", "gzip", "chunked, deflate"] {
        let head = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: {coding}\r\n\r\n");
        let steps = vec![Step::Say(head.into_bytes()), Step::chunk("x"), Step::chunk(""), Step::Close];
        let provider = FakeProvider::saying(steps).await.unwrap();
        let world = World::new(&[&provider]).await;
        world.openai("OPENAI_API_KEY", &provider).await;
        assert_eq!(world.chat("gpt-4o").await.status, 502, "{coding}");
    }
}

#[tokio::test]
async fn an_answer_in_characters_of_two_bytes_is_not_passed_on() {
    for kind in
        ["application/json; charset=utf-16", "text/plain;Charset=\"UTF-16LE\"", "text/plain; charset=utf-7"]
    {
        let steps = Step::with_headers(401, &[("content-type", kind)], "x");
        let provider = FakeProvider::saying(steps).await.unwrap();
        let world = World::new(&[&provider]).await;
        world.openai("OPENAI_API_KEY", &provider).await;
        assert_eq!(world.chat("gpt-4o").await.status, 502, "{kind}");
    }
}

#[tokio::test]
async fn a_value_in_a_redirects_goal_is_found_before_that_is_written_anew() {
    // What the URL standard encodes of it, and leaves as it is, no other writer does.
    let value = "sk'canary!0123^456789{a}|b";
    let provider = FakeProvider::start(move |_| {
        Step::with_headers(307, &[("location", &format!("/v1/models?k={value}"))], "")
    });
    let provider = provider.await.unwrap();
    let world = World::new(&[&provider]).await;
    let metadata = json!({ "api_base": provider.url("/v1") });
    world.secret("KEY", "openai", value, metadata).await;
    let answer = world.chat("gpt-4o").await;
    assert!(!format!("{:?}", answer.headers).contains("0123^456789"), "{:?}", answer.headers);
    assert_eq!(world.audited("secret.echo").await, 1);
}

#[tokio::test]
async fn azures_version_is_the_secrets_however_the_caller_writes_its_name() {
    let provider = provider().await;
    let world = World::new(&[&provider]).await;
    let metadata = json!({ "api_base": provider.url(""), "models": ["m"] });
    world.secret("azure", "azure", VALUE, metadata).await;
    for name in ["api-version", "API-Version", "api%2Dversion", "%61pi-version"] {
        let path = format!("embeddings?{name}=x&a=b");
        assert_eq!(world.send(world.request(&path, r#"{"model":"m"}"#)).await.status, 200);
        let seen = provider.requests().pop().unwrap().target;
        assert_eq!(seen, "/openai/deployments/m/embeddings?a=b&api-version=2024-10-21", "{name}");
    }
}

/// A body that never comes.
struct Never;

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// A key of another organisation, which has a secret of its own.
async fn key_of_other(world: &World, provider: &FakeProvider) -> String {
    let key = world.test.make_orgs(&["other"]).await;
    let everybody = world.test.caller(&key).await.unwrap();
    let metadata = json!({ "api_base": provider.url("/v1") });
    let other = OrgChoice::Named("other");
    world.secret_of(&everybody, other, "THEIRS", "openai", "sk-of-the-other-org", metadata).await;
    world.test.issue(&everybody, &["other"], Rights::of(&[Right::Use]), None).await.unwrap()
}

#[tokio::test]
async fn an_organisation_whose_bodies_never_come_leaves_room_for_others() {
    let provider = provider().await;
    let settings = GatewaySettings { in_flight: 4, in_flight_per_org: 3, ..GatewaySettings::default() };
    let world = World::with(&[provider.entry()], settings).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    let other = key_of_other(&world, &provider).await;
    let mut waiting = JoinSet::new();
    for _ in 0..4 {
        let mut request = world.request("chat/completions", "").map(|_| Never);
        let context = RequestContext { id: world.test.engine.make_request_id(), address: None };
        request.extensions_mut().insert(context);
        waiting.spawn(world.gateway.clone().oneshot(request));
    }
    // The fourth is one too many.
    let first = soon(async {
        tokio::select! {
            ended = waiting.join_next() => ended.map(|answer| answer.unwrap().unwrap().status().as_u16()),
            () = turns() => None,
        }
    });
    let first = first.await;
    let mut request = world.request("chat/completions", r#"{"model":"gpt-4o"}"#);
    request.headers_mut().insert("authorization", format!("Bearer {other}").parse().unwrap());
    assert_eq!(world.send(request).await.status, 200);
    assert_eq!(first, Some(503));
}

/// Time for others to do what they can do.
async fn turns() {
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_organisation_that_sends_much_leaves_memory_for_others() {
    let hangs = FakeProvider::start(|seen| match seen.header("authorization") {
        Some("Bearer sk-of-the-other-org") => Step::json(200, "{}"),
        Some(_) | None => vec![Step::Hold],
    });
    let provider = hangs.await.unwrap();
    let settings = GatewaySettings { body_bytes: 4096, ..GatewaySettings::default() };
    let world = World::with(&[provider.entry()], settings).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    let other = key_of_other(&world, &provider).await;
    let much = json!({ "model": "gpt-4o", "input": "a".repeat(990) }).to_string();
    let mut hanging: Vec<_> =
        (0..4).map(|_| Box::pin(world.send(world.request("embeddings", &much)))).collect();
    for (at, call) in hanging.iter_mut().enumerate() {
        tokio::select! {
            answer = call => assert_eq!((at, answer.status), (3, 503)),
            () = until(|| provider.requests().len() > at) => {}
        }
    }
    let mut request = world.request("embeddings", &much);
    request.headers_mut().insert("authorization", format!("Bearer {other}").parse().unwrap());
    assert_eq!(world.send(request).await.status, 200);
}

#[tokio::test]
async fn a_caller_whose_bodies_never_come_shuts_no_upstream_to_others() {
    let provider = provider().await;
    let settings = GatewaySettings { request_idle: GatewaySettings::default().request_idle, ..World::hasty() };
    let world = World::with(&[provider.entry()], settings).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let mut request = world.request("embeddings", "").map(|_| Never);
        request.headers_mut().insert("content-length", (9 << 20).into());
        request.headers_mut().insert("x-bt-endpoint-name", "OPENAI_API_KEY".parse().unwrap());
        let context = RequestContext { id: world.test.engine.make_request_id(), address: None };
        request.extensions_mut().insert(context);
        let answer = soon(world.gateway.clone().oneshot(request)).await.unwrap();
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(world.chat("gpt-4o").await.status, 200);
    assert_eq!(statuses, [400; 6]);
}

#[tokio::test]
async fn tests_of_values_take_places_like_requests() {
    let silent = FakeProvider::saying(vec![Step::Hold]).await.unwrap();
    let settings = GatewaySettings { in_flight_per_org: 1, ..World::hasty() };
    let world = World::with(&[silent.entry()], settings).await;
    let secret = world.openai("OPENAI_API_KEY", &silent).await;
    let caller = world.test.caller(&world.key).await.unwrap();
    let id = secret.columns.id;
    let (one, other) = tokio::join!(world.gateway.test(&caller, id), world.gateway.test(&caller, id));
    let outcomes = [one.unwrap(), other.unwrap_or(Tested::UnknownType)];
    assert_eq!(outcomes, [Tested::Unreachable, Tested::UnknownType]);
    assert_eq!(silent.connections(), 1);
    assert_eq!(world.gateway.test(&caller, id).await.unwrap(), Tested::Unreachable);
}

/// Somebody watches a program that writes slowly.
#[test]
fn no_more_of_a_values_beginning_is_shown_than_one_time_allows_however_slowly_it_is_written() {
    const SHOWN: usize = 4;
    for piece in 1..=SHOWN {
        let value = SecretValue::parse(VALUE.to_owned()).unwrap();
        let mut scrubber = Scrubber::new(&[&value]);
        let mut seen = Vec::new();
        for written in VALUE.as_bytes().chunks(piece) {
            seen.extend_from_slice(&scrubber.push(Bytes::copy_from_slice(written)));
            seen.extend_from_slice(&scrubber.release(SHOWN));
        }
        seen.extend_from_slice(&scrubber.finish());
        let seen = String::from_utf8(seen).unwrap();
        let shown = seen.strip_suffix("[redacted]").unwrap_or_else(|| panic!("{piece}: {seen}"));
        assert!(shown.len() <= SHOWN && VALUE.starts_with(shown), "{piece}: {seen}");
    }
}
