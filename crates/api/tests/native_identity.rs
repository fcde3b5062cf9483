//! The native API's identity: organisations, projects, users and service accounts, API keys, refused attempts.
#![expect(clippy::unwrap_used, reason = "a test that does not find what it needs has failed")]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use keyholt_api::{ApiSettings, AppState, Metrics, app};
use keyholt_testkit::TestEngine;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tower::ServiceExt;

struct World {
    app: Router,
    test: TestEngine,
}

impl World {
    async fn make() -> Self {
        let test = TestEngine::in_memory().await;
        let metrics = Metrics::register(&mut Registry::default());
        let state = AppState::new(Arc::clone(&test.engine), Arc::new(ApiSettings::default()), metrics);
        Self { app: app(state), test }
    }

    /// What a request with this API key comes to; the body is null for none.
    async fn send(&self, api_key: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/keyholt/v1/{path}"))
            .header("host", "keyholt.test")
            .header("authorization", format!("Bearer {api_key}"));
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// What the owner's request comes to that succeeds.
    async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, body) = self.send(TestEngine::OWNER_KEY, method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {body}");
        body
    }

    /// Why the owner's request is refused.
    async fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let (status, body) = self.send(TestEngine::OWNER_KEY, method, path, body).await;
        (status, text(&body, "message"))
    }
}

fn text(object: &Value, field: &str) -> String {
    object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn names(list: &Value) -> Vec<String> {
    list.get("objects").and_then(Value::as_array).unwrap().iter().map(|object| text(object, "name")).collect()
}

const NONE: Value = Value::Null;

fn refusal(status: u16, message: &str) -> (u16, String) {
    (status, message.to_owned())
}

#[tokio::test]
async fn an_organisation_is_found_and_renamed() {
    let world = World::make().await;
    let made = world.done("POST", "orgs", json!({"name": "acme"})).await;
    let path = format!("orgs/{}", text(&made, "id"));
    assert_eq!(text(&world.done("GET", &path, NONE).await, "name"), "acme");
    // The operator may, though the organisation is not the operator's own.
    let renamed = world.done("PATCH", &path, json!({"name": "acme Ltd"})).await;
    assert_eq!(text(&renamed, "name"), "acme Ltd");
    assert_eq!(names(&world.done("GET", "orgs?name=acme+Ltd", NONE).await), ["acme Ltd"]);
    assert_eq!(names(&world.done("GET", "orgs?name=acme", NONE).await), [""; 0]);
    for (body, message) in [
        (json!({"name": "default"}), "an organisation with this name already exists"),
        (json!({}), "name is required"),
        (json!({"name": "x", "project_id": "x"}), "project_id must be left out: there is no such field"),
    ] {
        assert_eq!(world.refused("PATCH", &path, body).await, refusal(400, message));
    }
}

#[tokio::test]
async fn a_project_lives_until_nothing_needs_it() {
    let world = World::make().await;
    let made = world.done("POST", "projects", json!({"name": "evals", "org": "default"})).await;
    let path = format!("projects/{}", text(&made, "id"));
    let renamed = world.done("PATCH", &path, json!({"name": "evals 2"})).await;
    assert_eq!(text(&renamed, "name"), "evals 2");
    assert_eq!(world.done("GET", &path, NONE).await, renamed);
    assert_eq!(names(&world.done("GET", "projects", NONE).await), ["evals 2", "default"]);
    assert_eq!(names(&world.done("GET", "projects?limit=1", NONE).await), ["evals 2"]);
    let next = format!("projects?starting_after={}", text(&made, "id"));
    assert_eq!(names(&world.done("GET", &next, NONE).await), ["default"]);
    assert_eq!(names(&world.done("GET", "projects?name=default&org=default", NONE).await), ["default"]);
    assert_eq!(names(&world.done("GET", "projects?org=nobody", NONE).await), [""; 0]);
    let taken = world.refused("PATCH", &path, json!({"name": "default"})).await;
    assert_eq!(taken, refusal(400, "a project with this name already exists"));

    let key = world.done("POST", "api-keys", json!({"name": "ci", "role": "app", "project": "evals 2"})).await;
    assert_eq!(text(&key, "project_id"), text(&made, "id"));
    let in_use = world.refused("DELETE", &path, NONE).await;
    assert_eq!(in_use, refusal(400, "the project still has secrets or valid API keys"));
    world.done("DELETE", &format!("api-keys/{}", text(&key, "id")), NONE).await;
    assert_eq!(world.done("DELETE", &path, NONE).await, renamed);
    assert_eq!(world.refused("GET", &path, NONE).await, refusal(404, "Project not found"));
}

#[tokio::test]
async fn a_member_is_changed_suspended_taken_back_and_removed() {
    let world = World::make().await;
    let body = json!({"kind": "user", "name": "Ada", "email": "ada@example.com", "role": "engineer"});
    let ada = world.done("POST", "principals", body).await;
    let path = format!("principals/{}", text(&ada, "id"));
    assert_eq!(world.done("GET", &path, NONE).await, ada);
    assert_eq!((text(&ada, "kind"), text(&ada, "email")), ("user".into(), "ada@example.com".into()));
    let membership = |principal: &Value| principal.pointer("/memberships/0").unwrap().clone();
    let of_ada = membership(&ada);
    assert_eq!(text(&of_ada, "name"), "default");
    assert_eq!(of_ada.get("rights"), Some(&json!(["read", "write", "use"])));
    assert_eq!(of_ada.get("suspended_at"), Some(&NONE));

    for (query, found) in [("kind=user", 1), ("kind=service_account", 0), ("name=Ada", 1), ("name=ada", 0)] {
        let listed = world.done("GET", &format!("principals?{query}"), NONE).await;
        assert_eq!(names(&listed).iter().filter(|name| *name == "Ada").count(), found, "{query}");
    }
    let wrong = world.refused("GET", "principals?kind=robot", NONE).await;
    assert_eq!(wrong, refusal(400, "kind must be one of user and service_account"));

    let body = json!({"name": "Ada L", "email": null, "suspended": true});
    let suspended = world.done("PATCH", &path, body).await;
    assert_eq!((text(&suspended, "name"), suspended.get("email")), ("Ada L".into(), Some(&NONE)));
    assert!(!text(&membership(&suspended), "suspended_at").is_empty());
    let back =
        world.done("PATCH", &path, json!({"suspended": false, "role": "viewer", "org": "default"})).await;
    assert_eq!(membership(&back).get("suspended_at"), Some(&NONE));
    assert_eq!(membership(&back).get("rights"), Some(&json!(["read"])));
    // An organisation that is not there and one that is not one's own are the same.
    let foreign = world.refused("PATCH", &path, json!({"role": "viewer", "org": "nobody"})).await;
    assert_eq!(foreign, refusal(403, "This API key does not belong to that organisation"));

    assert_eq!(world.done("DELETE", &format!("{path}?org=default"), NONE).await, back);
    assert_eq!(world.refused("GET", &path, NONE).await, refusal(404, "User or service account not found"));
}

#[tokio::test]
async fn a_key_for_a_member_may_do_no_more_than_the_member() {
    let world = World::make().await;
    let ada = world.done("POST", "principals", json!({"kind": "user", "name": "Ada", "role": "viewer"})).await;
    let id = text(&ada, "id");
    let key = |role| json!({"name": "laptop", "principal": id, "role": role});
    let more = world.refused("POST", "api-keys", key("engineer")).await;
    let message = "Nobody can be given more rights or a longer life than this API key has";
    assert_eq!(more, refusal(403, message));
    let made = world.done("POST", "api-keys", key("viewer")).await;
    assert_eq!(text(&made, "principal_id"), id);
    let of_ada = world.done("GET", &format!("api-keys?principal={id}"), NONE).await;
    assert_eq!(names(&of_ada), ["laptop"]);
    assert_eq!(names(&world.done("GET", "api-keys?name=laptop", NONE).await), ["laptop"]);
    let wrong = world.refused("GET", "api-keys?principal=Ada", NONE).await;
    assert_eq!(wrong, refusal(400, "principal must be a UUID"));
    let stranger = json!({"name": "x", "role": "viewer", "principal": "01a1fd70-f23d-726b-b2a7-4de452e6b438"});
    let stranger = world.refused("POST", "api-keys", stranger).await;
    assert_eq!(stranger, refusal(400, "principal must be a member of the organisation"));

    let secret = text(&made, "key");
    world.done("PATCH", &format!("principals/{id}"), json!({"suspended": true})).await;
    assert_eq!(world.send(&secret, "GET", "whoami", NONE).await.0, 401);
}

#[tokio::test]
async fn a_narrowed_key_says_so_and_so_do_those_that_it_makes() {
    let world = World::make().await;
    let body = json!({
        "name": "ci", "role": "owner", "names": ["OPENAI_*"], "types": ["openai"], "expires_in_seconds": 3600
    });
    let made = world.done("POST", "api-keys", body).await;
    let narrowed = json!([{"names": ["OPENAI_*"], "types": ["openai"], "addresses": []}]);
    assert_eq!(made.get("restrictions"), Some(&narrowed));
    let key = text(&made, "key");
    let (_, whoami) = world.send(&key, "GET", "whoami", NONE).await;
    assert_eq!((text(&whoami, "via"), whoami.get("restrictions")), ("api_key".into(), Some(&narrowed)));

    let body = json!({"name": "child", "role": "app", "addresses": ["10.0.0.0/8"]});
    let (_, child) = world.send(&key, "POST", "api-keys", body).await;
    let both = json!([
        {"names": ["OPENAI_*"], "types": ["openai"], "addresses": []},
        {"names": [], "types": [], "addresses": ["10.0.0.0/8"]},
    ]);
    assert_eq!(child.get("restrictions"), Some(&both));
    assert_eq!(child.get("expires_at"), made.get("expires_at"));
    // Where it comes from is not known here.
    assert_eq!(world.send(&text(&child, "key"), "GET", "whoami", NONE).await.0, 401);

    let outside = json!({"name": "ANTHROPIC_API_KEY", "type": "openai", "value": "a-value"});
    let (status, refused) = world.send(&key, "POST", "secrets", outside).await;
    let message = "This API key is narrowed to secrets of other names or types";
    assert_eq!((status, text(&refused, "message")), refusal(403, message));
    let longer = json!({"name": "child", "role": "app", "expires_in_seconds": 3601});
    assert_eq!(world.send(&key, "POST", "api-keys", longer).await.0, 403);
    let operator = json!({"name": "child", "role": "app", "operator": true});
    let (status, refused) = world.send(&key, "POST", "api-keys", operator).await;
    assert_eq!((status, text(&refused, "message")), refusal(403, "Only an operator's API key may do this"));
}

#[tokio::test]
async fn a_line_of_keys_is_narrowed_only_so_often() {
    let world = World::make().await;
    let mut key = TestEngine::OWNER_KEY.to_owned();
    for number in 0..8 {
        let body = json!({"name": "link", "role": "owner", "names": [format!("{number}*")]});
        let (status, made) = world.send(&key, "POST", "api-keys", body).await;
        assert_eq!(status, 200, "{made}");
        key = text(&made, "key");
    }
    let body = json!({"name": "link", "role": "owner", "names": ["x"]});
    let (status, refused) = world.send(&key, "POST", "api-keys", body).await;
    let message = "names, types and addresses must be left out: the keys that this API key comes from are narrowed \
                   too often";
    assert_eq!((status, text(&refused, "message")), refusal(400, message));
}

#[tokio::test]
async fn a_key_shows_when_it_was_last_used() {
    let world = World::make().await;
    let made = world.done("POST", "api-keys", json!({"name": "ci", "role": "app"})).await;
    let path = format!("api-keys/{}", text(&made, "id"));
    assert_eq!(world.done("GET", &path, NONE).await.get("last_used_at"), Some(&NONE));
    assert_eq!(world.send(&text(&made, "key"), "GET", "whoami", NONE).await.0, 200);
    world.test.engine.write_down_observations().await;
    let found = world.done("GET", &path, NONE).await;
    assert_eq!(text(&found, "last_used_at"), "2026-11-21T09:30:00.125Z");
    assert_eq!((text(&found, "key"), found.get("operator")), (String::new(), Some(&json!(false))));
}

#[tokio::test]
async fn refused_attempts_are_listed_with_their_counts() {
    let world = World::make().await;
    let viewer = world.done("POST", "api-keys", json!({"name": "viewer", "role": "viewer"})).await;
    for _ in 0..3 {
        let (status, _) = world.send(&text(&viewer, "key"), "POST", "projects", json!({"name": "x"})).await;
        assert_eq!(status, 403);
        assert_eq!(world.send("nobody's key", "GET", "whoami", NONE).await.0, 401);
    }
    world.test.engine.write_down_observations().await;
    let objects = |list: &Value| list.get("objects").and_then(Value::as_array).unwrap().clone();
    let summary = |event: &Value| {
        let [action, outcome] = ["action", "outcome"].map(|field| text(event, field));
        (action, outcome, event.get("count").and_then(Value::as_i64).unwrap())
    };

    let refused = world.done("GET", "audit?outcome=refused", NONE).await;
    let mut found: Vec<_> = objects(&refused).iter().map(summary).collect();
    found.sort_unstable();
    let wanted = |action: &str| (action.to_owned(), "refused".to_owned(), 3);
    assert_eq!(found, [wanted("authenticate"), wanted("identity.manage")]);
    let of_org = world.done("GET", "audit?outcome=refused&org=default", NONE).await;
    assert_eq!(objects(&of_org).iter().map(summary).collect::<Vec<_>>(), [wanted("identity.manage")]);
    let [event] = objects(&of_org).try_into().unwrap();
    assert_eq!(text(&event, "api_key_id"), text(&viewer, "id"));

    let made = world.done("GET", "audit?action=api_key.create&limit=1", NONE).await;
    let made: Vec<_> = objects(&made).iter().map(summary).collect();
    assert_eq!(made, [("api_key.create".to_owned(), "done".to_owned(), 1)]);
    let both = world.done("GET", "audit?action=api_key.create&outcome=refused", NONE).await;
    assert!(objects(&both).is_empty());

    // Who is no operator sees nothing of the installation as a whole.
    let owner = world.done("POST", "api-keys", json!({"name": "owner", "role": "owner"})).await;
    let (_, seen) = world.send(&text(&owner, "key"), "GET", "audit?outcome=refused", NONE).await;
    assert_eq!(objects(&seen).iter().map(summary).collect::<Vec<_>>(), [wanted("identity.manage")]);
}

#[tokio::test]
async fn a_filtered_log_is_found_beyond_the_first_batch_and_page_by_page() {
    let world = World::make().await;
    world.done("POST", "projects", json!({"name": "first"})).await;
    let path = format!("projects/{}", world.test.owner.identity.project.id);
    for number in 0..600 {
        world.done("PATCH", &path, json!({"name": format!("{number}")})).await;
    }
    world.done("POST", "projects", json!({"name": "second"})).await;
    let mut path = "audit?action=project.create&org=default&limit=1".to_owned();
    let mut found = Vec::new();
    loop {
        let page = world.done("GET", &path, NONE).await;
        let Some(event) = page.pointer("/objects/0") else { break };
        found.push(text(event.get("subject").unwrap(), "name"));
        path = format!("audit?action=project.create&org=default&limit=1&starting_after={}", text(event, "id"));
    }
    assert_eq!(found, ["second", "first", "default"]);
}
