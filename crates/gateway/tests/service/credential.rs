//! Whose credential goes where.

use http::Request;
use http_body_util::Full;
use keyholt_engine::OrgChoice;
use keyholt_testkit::{FakeProvider, Step, TestEngine};
use keyholt_types::{Right, Rights, SecretId};
use serde_json::json;

use crate::world::{VALUE, World, new_value};

async fn world() -> (FakeProvider, World) {
    let provider = FakeProvider::start(|seen| Step::json(200, &json!({ "saw": seen.whole() }).to_string()));
    let provider = provider.await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    (provider, world)
}

#[tokio::test]
async fn c_the_callers_credential_never_goes_upstream() {
    let (provider, world) = world().await;
    let mut request = world.request("chat/completions", r#"{"model":"gpt-4o"}"#);
    for name in [
        "cookie",
        "proxy-authorization",
        "api-key",
        "x_api_key",
        "x-goog-user-project",
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "x-bt-auth-token",
        "openai-organization",
        "openai-project",
    ] {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, world.key.parse().unwrap());
    }
    request.headers_mut().insert("connection", "openai-beta, x-a".parse().unwrap());
    request.headers_mut().insert("openai-beta", world.key.parse().unwrap());
    let answer = world.send(request).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.body.contains(&world.key) && !answer.body.contains(VALUE), "{}", answer.body);
    let seen = provider.requests().pop().unwrap();
    assert!(!seen.whole().contains(&world.key), "{}", seen.whole());
    let mut names: Vec<&str> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept-encoding", "authorization", "content-length", "content-type", "host"]);
}

#[tokio::test]
async fn each_sdks_header_is_a_credential_and_two_are_none() {
    let (provider, world) = world().await;
    let send = async |headers: &[(&str, String)]| {
        let mut request = Request::get("/v1/proxy/models");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        world.send(request.body(Full::default()).unwrap()).await.status
    };
    let (key, bearer) = (world.key.clone(), format!("Bearer {}", world.key));
    for name in ["x-api-key", "x-goog-api-key"] {
        assert_eq!(send(&[(name, key.clone())]).await, 200);
        assert_eq!(send(&[(name, key.clone()), ("authorization", bearer.clone())]).await, 401);
        assert_eq!(send(&[(name, key.clone()), (name, key.clone())]).await, 401);
    }
    assert_eq!(send(&[("authorization", bearer.clone()), ("authorization", bearer.clone())]).await, 401);
    assert_eq!(send(&[("x-api-key", key.clone()), ("x-goog-api-key", key.clone())]).await, 401);
    assert_eq!(send(&[("authorization", key.clone())]).await, 401);
    assert_eq!(send(&[("x-api-key", "khk_unknown".to_owned())]).await, 401);
    assert_eq!(send(&[("api-key", key)]).await, 401);
    assert_eq!(send(&[]).await, 401);
    assert_eq!(provider.requests().len(), 2);
}

#[tokio::test]
async fn c_header_injection_by_a_value_is_refused() {
    let (provider, world) = world().await;
    for (number, value) in
        ["sk-a\r\nX-Evil: 1", "sk-a\nb", "sk-\0-a-b", "sk-a\tb", "sk-é-long-enough", "sk-🔑-long", "   "]
            .into_iter()
            .enumerate()
    {
        let name = format!("bad{number}");
        world.secret(&name, "openai", value, json!({ "api_base": provider.url("/v1") })).await;
        let mut request = world.request("chat/completions", r#"{"model":"gpt-4o"}"#);
        request.headers_mut().insert("x-bt-endpoint-name", name.parse().unwrap());
        let answer = world.send(request).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "not_usable_as_header"), "{value:?}");
        assert!(!answer.body.contains("Evil"));
    }
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn c_which_secret_for_what_needs_the_right_to_use_and_a_type_of_the_route() {
    let (provider, world) = world().await;
    for rights in [Right::Read, Right::Write, Right::Reveal, Right::Admin] {
        let key = world.test.issue(&world.test.owner, &[], Rights::of(&[rights]), None).await.unwrap();
        let mut request = world.request("chat/completions", r#"{"model":"gpt-4o"}"#);
        request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
        assert_eq!(world.send(request).await.status, 403, "{rights:?}");
    }
    for path in ["anthropic/v1/messages", "google/v1beta/models/gpt-4o:generateContent"] {
        assert_eq!(world.send(world.request(path, r#"{"model":"gpt-4o"}"#)).await.status, 404, "{path}");
        let mut request = world.request(path, r#"{"model":"gpt-4o"}"#);
        request.headers_mut().insert("x-bt-endpoint-name", "OPENAI_API_KEY".parse().unwrap());
        let answer = world.send(request).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "secret_not_usable"), "{path}");
    }
    assert!(provider.requests().is_empty());
}

#[tokio::test]
async fn c_a_revoked_key_is_refused_and_a_changed_value_used_with_the_next_request() {
    let (provider, world) = world().await;
    assert_eq!(world.chat("gpt-4o").await.status, 200);
    let secret = world.openai("other", &provider).await;
    world.patch(&secret, new_value("sk-changed-0123456789")).await;
    let mut request = world.request("chat/completions", r#"{"model":"gpt-4o"}"#);
    request.headers_mut().insert("x-bt-endpoint-name", "other".parse().unwrap());
    assert_eq!(world.send(request).await.status, 200);
    let seen = provider.requests().pop().unwrap();
    assert_eq!(seen.header("authorization"), Some("Bearer sk-changed-0123456789"));
    let caller = world.test.caller(&world.key).await.unwrap();
    world.test.engine.revoke_api_key(&world.test.owner, caller.identity.api_key).await.unwrap();
    assert_eq!(world.chat("gpt-4o").await.status, 401);
    assert_eq!(provider.requests().len(), 2);
}

#[tokio::test]
async fn c_caching_and_connections_are_not_shared_between_organisations() {
    let (provider, world) = world().await;
    let keys = [world.test.make_orgs(&["other"]).await, world.key.clone()];
    let everybody = world.test.caller(&keys[0]).await.unwrap();
    let key_of_other = world.test.issue(&everybody, &["other"], Rights::of(&[Right::Use]), None).await.unwrap();
    let metadata = json!({ "api_base": provider.url("/v1") });
    world
        .secret_of(&everybody, OrgChoice::Named("other"), "THEIRS", "openai", "sk-of-the-other-org", metadata)
        .await;
    for _ in 0..3 {
        for key in [&world.key, &key_of_other] {
            let mut request = world.request("chat/completions", r#"{"model":"gpt-4o","messages":["same"]}"#);
            request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
            assert_eq!(world.send(request).await.status, 200);
        }
    }
    let seen = provider.requests();
    assert_eq!(seen.len(), 6);
    let connections = |value: &str| {
        let bearer = format!("Bearer {value}");
        let of_it = seen.iter().filter(|one| one.header("authorization") == Some(&bearer));
        of_it.map(|one| one.connection).collect::<std::collections::BTreeSet<_>>()
    };
    let (ours, theirs) = (connections(VALUE), connections("sk-of-the-other-org"));
    assert!(!ours.is_empty() && !theirs.is_empty() && ours.is_disjoint(&theirs), "{ours:?} {theirs:?}");
}

#[tokio::test]
async fn a_credential_for_a_short_time_is_for_one_model_and_the_gateway() {
    let (provider, world) = world().await;
    let answer = world.send(world.request("credentials", r#"{"model":"gpt-4o","ttl_seconds":60}"#)).await;
    assert_eq!(answer.status, 200);
    let key = answer.json()["key"].as_str().unwrap().to_owned();
    let ask = async |model: &str| {
        let mut request = world.request("chat/completions", &json!({ "model": model }).to_string());
        request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
        world.send(request).await.status
    };
    assert_eq!((ask("gpt-4o").await, ask("openai/gpt-4o").await), (200, 200));
    assert_eq!((ask("gpt-4.1").await, ask("openai/gpt-4.1").await), (403, 403));
    world.test.clock.advance_seconds(61);
    assert_eq!(ask("gpt-4o").await, 401);
    for body in [
        r#"["gpt-4o",60]"#,
        "[null,null]",
        r#"{"ttl_seconds":86401}"#,
        r#"{"ttl_seconds":0}"#,
        r#"{"ttl_seconds":"1"}"#,
        "[]",
        "x",
    ] {
        assert_eq!(world.send(world.request("credentials", body)).await.status, 400, "{body}");
    }
    assert_eq!(world.send(world.request("credentials", "")).await.status, 200);
    assert_eq!(provider.requests().len(), 2);
    assert_eq!(TestEngine::OWNER_KEY, "My API Key");
}

#[tokio::test]
async fn a_test_tells_whether_the_provider_takes_the_value() {
    use keyholt_engine::{Error, TestSecret, Tested};
    for (status, expected) in
        [(200, Tested::Valid), (401, Tested::Refused { status: 401 }), (302, Tested::Refused { status: 302 })]
    {
        let provider = FakeProvider::saying(Step::json(status, "{}")).await.unwrap();
        let world = World::new(&[&provider]).await;
        let secret = world.openai("OPENAI_API_KEY", &provider).await;
        let caller = world.test.caller(&world.key).await.unwrap();
        assert_eq!(world.gateway.test(&caller, secret.columns.id).await, Ok(expected));
        let seen = provider.requests().pop().unwrap();
        assert_eq!(
            (seen.target.as_str(), seen.header("authorization")),
            ("/v1/models", Some(&*format!("Bearer {VALUE}")))
        );
        assert_eq!(world.gateway.test(&caller, SecretId::MIN).await, Err(Error::NotFound));
        assert_eq!(world.audited("secret.test").await, 1);
    }
}

#[tokio::test]
async fn c_header_injection_by_metadata_is_refused() {
    let (provider, world) = world().await;
    for (number, (name, value)) in [
        ("X-Team", "red\r\nX-Evil: 1"),
        ("X-Team", "red\nb"),
        ("X-Team", "red\0b"),
        ("X-Team", "r\u{e9}d"),
        ("X-Team: red\r\nX-Evil", "1"),
        ("X Team", "red"),
        ("", "red"),
        ("Authorization", "Bearer sk-evil"),
        ("x_api_key", "sk-evil"),
        ("Host", "evil.example"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Proxy-Authorization", "Basic a"),
        ("Accept-Encoding", "gzip"),
    ]
    .into_iter()
    .enumerate()
    {
        let secret = format!("bad{number}");
        let metadata = json!({ "api_base": provider.url("/v1"), "additionalHeaders": { name: value } });
        world.secret(&secret, "openai", VALUE, metadata).await;
        let mut request = world.request("chat/completions", r#"{"model":"gpt-4o"}"#);
        request.headers_mut().insert("x-bt-endpoint-name", secret.parse().unwrap());
        let answer = world.send(request).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "secret_not_usable"), "{name:?}: {value:?}");
        assert!(!answer.body.contains("vil"), "{}", answer.body);
    }
    assert!(provider.requests().is_empty());
}
