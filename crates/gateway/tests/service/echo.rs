//! Providers that send the value back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyholt_testkit::{FakeProvider, Step};
use serde_json::json;

use crate::world::{VALUE, World};

#[tokio::test]
async fn c_a_provider_that_echoes_the_key_is_scrubbed_at_every_chunk_boundary() {
    let whole = format!("{{\"error\":\"Incorrect API key provided: {VALUE}.\"}}");
    for cut in 0..=whole.len() {
        let (before, after) = whole.split_at(cut);
        let mut steps = vec![Step::events()];
        steps.extend([before, after].into_iter().filter(|part| !part.is_empty()).map(Step::chunk));
        steps.push(Step::chunk(""));
        let provider = FakeProvider::saying(steps).await.unwrap();
        let world = World::new(&[&provider]).await;
        world.openai("OPENAI_API_KEY", &provider).await;
        let answer = world.chat("gpt-4o").await;
        assert_eq!(answer.body, "{\"error\":\"Incorrect API key provided: [redacted].\"}", "{cut}");
        assert!(answer.is_whole);
    }
}

#[tokio::test]
async fn c_a_provider_that_echoes_the_key_in_headers_is_scrubbed_and_put_down() {
    let headers = [
        ("x-request-id", VALUE),
        ("www-authenticate", VALUE),
        ("set-cookie", VALUE),
        ("server", VALUE),
        ("alt-svc", VALUE),
        ("x-keyholt-overhead-ms", "7"),
        ("x-bt-used-endpoint", "evil"),
    ];
    let provider = FakeProvider::saying(Step::with_headers(403, &headers, VALUE)).await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    let answer = world.chat("gpt-4o").await;
    assert_eq!((answer.status, answer.body.as_str()), (403, "[redacted]"));
    assert!(!format!("{:?}", answer.headers).contains(VALUE), "{:?}", answer.headers);
    assert_eq!(answer.header("x-request-id"), Some("[redacted]"));
    assert_eq!(answer.header("x-bt-used-endpoint"), Some("OPENAI_API_KEY"));
    assert_eq!(world.audited("secret.echo").await, 1);
}

#[tokio::test]
async fn c_an_answer_that_is_compressed_is_not_passed_on() {
    let steps = Step::with_headers(200, &[("content-encoding", "gzip")], "x");
    let provider = FakeProvider::saying(steps).await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("OPENAI_API_KEY", &provider).await;
    assert_eq!(world.chat("gpt-4o").await.status, 502);
}

#[tokio::test]
async fn the_values_of_all_secrets_that_were_tried_are_taken_out() {
    let other = "sk-second-0123456789";
    let provider = FakeProvider::start(move |_| Step::json(429, &format!("{VALUE} {other}"))).await.unwrap();
    let world = World::new(&[&provider]).await;
    world.openai("one", &provider).await;
    world.secret("two", "openai", other, json!({ "api_base": provider.url("/v1") })).await;
    let answer = world.chat("gpt-4o").await;
    assert_eq!((answer.status, answer.body.as_str()), (429, "[redacted] [redacted]"));
}

/// What a secret's metadata add to its requests, with a key among it.
const TENANT_KEY: &str = "tenant/key \"0123\" +free";

#[tokio::test]
async fn c_a_key_in_a_header_that_the_metadata_add_is_scrubbed_at_every_chunk_boundary_in_every_form() {
    let forms = [
        TENANT_KEY.to_owned(),
        json!(TENANT_KEY).to_string(),
        TENANT_KEY.replace('/', "%2F").replace(' ', "%20").replace('"', "%22").replace('+', "%2B"),
        STANDARD.encode(TENANT_KEY),
    ];
    for form in forms {
        let whole = format!("you sent {form}.");
        let clean = if form.starts_with('"') { "you sent \"[redacted]\"." } else { "you sent [redacted]." };
        for cut in 0..=whole.len() {
            let (before, after) = whole.split_at(cut);
            let mut steps = vec![Step::events()];
            steps.extend([before, after].into_iter().filter(|part| !part.is_empty()).map(Step::chunk));
            steps.push(Step::chunk(""));
            let provider = FakeProvider::saying(steps).await.unwrap();
            let world = World::new(&[&provider]).await;
            let added = json!({ "X-Tenant-Key": TENANT_KEY });
            let metadata = json!({ "api_base": provider.url("/v1"), "additionalHeaders": added });
            world.secret("OPENAI_API_KEY", "openai", VALUE, metadata).await;
            let answer = world.chat("gpt-4o").await;
            assert_eq!((answer.body.as_str(), answer.is_whole), (clean, true), "{cut}");
            assert_eq!(provider.requests()[0].header("x-tenant-key"), Some(TENANT_KEY));
        }
    }
}

#[tokio::test]
async fn c_what_stands_behind_a_scheme_in_such_a_header_is_scrubbed_from_headers_too_and_put_down() {
    let steps = Step::with_headers(403, &[("x-request-id", "for tok-0123456789")], "no tok-0123456789");
    let provider = FakeProvider::saying(steps).await.unwrap();
    let world = World::new(&[&provider]).await;
    let added = json!({ "X-Upstream-Auth": "Bearer tok-0123456789", "X-Short": "forty-2" });
    let metadata = json!({ "api_base": provider.url("/v1"), "additionalHeaders": added });
    world.secret("OPENAI_API_KEY", "openai", VALUE, metadata).await;
    let answer = world.chat("gpt-4o").await;
    assert_eq!((answer.status, answer.body.as_str()), (403, "no [redacted]"));
    assert_eq!(answer.header("x-request-id"), Some("for [redacted]"));
    assert_eq!(world.audited("secret.echo").await, 1);
}

#[tokio::test]
async fn what_headers_hold_that_are_no_credentials_by_their_names_is_left_in_answers() {
    let said = r#"{"of":"2023-06-01","by":"Acme Console","for":"org-0123456789","x":"forty-2"}"#;
    let provider = FakeProvider::saying(Step::json(200, said)).await.unwrap();
    let world = World::new(&[&provider]).await;
    let added = json!({ "Anthropic-Version": "2023-06-01", "X-Title": "Acme Console", "X-Short": "forty-2" });
    let metadata = json!({
        "api_base": provider.url("/v1"), "organization_id": "org-0123456789", "additionalHeaders": added
    });
    world.secret("OPENAI_API_KEY", "openai", VALUE, metadata).await;
    let answer = world.chat("gpt-4o").await;
    assert_eq!((answer.body.as_str(), answer.header("content-type")), (said, Some("application/json")));
    assert_eq!(world.audited("secret.echo").await, 0);
}

#[tokio::test]
async fn a_secret_with_more_headers_than_could_be_looked_for_is_not_used() {
    let provider = FakeProvider::saying(Step::json(200, "{}")).await.unwrap();
    let world = World::new(&[&provider]).await;
    for (count, status) in [(32, 200), (33, 400)] {
        let added: serde_json::Map<_, _> =
            (0..count).map(|n| (format!("X-{n}"), json!("tok-0123456789"))).collect();
        let name = format!("with{count}");
        let metadata = json!({ "api_base": provider.url("/v1"), "additionalHeaders": added });
        world.secret(&name, "openai", VALUE, metadata).await;
        let mut request = world.request("chat/completions", r#"{"model":"gpt-4o"}"#);
        request.headers_mut().insert("x-bt-endpoint-name", name.parse().unwrap());
        assert_eq!(world.send(request).await.status, status, "{count}");
    }
}
