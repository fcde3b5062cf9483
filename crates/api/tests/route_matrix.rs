//! Every route against every kind of credential. The routes come from the router itself: one without an
//! entry here fails the test.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that does not find what it needs has failed"
)]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use keyholt_api::{ApiSettings, AppState, Metrics, app, routes};
use keyholt_engine::{Engine, TestSecret, Tested, Testing};
use keyholt_testkit::TestEngine;
use keyholt_types::{Caller, OrgName, Right, Rights, Role, SecretId};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tower::ServiceExt;

/// Who may call a route.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Access {
    /// Everybody, without a key.
    Anybody,
    /// Whoever has a valid key.
    AnyKey,
    /// Whoever has this right.
    With(Right),
    /// Whoever has both.
    WithBoth(Right, Right),
    /// Operators.
    Operator,
}
use Access::{AnyKey, Anybody, Operator, With, WithBoth};

impl Access {
    /// The rights that it takes.
    fn rights(self) -> Vec<Right> {
        match self {
            Anybody | AnyKey | Operator => Vec::new(),
            With(right) => vec![right],
            WithBoth(one, other) => vec![one, other],
        }
    }
}

/// What stands for the id in a path.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Subject {
    None,
    Secret,
    ProjectSecret,
    ApiKey,
    Org,
    Project,
    Principal,
}

struct Entry {
    access: Access,
    subject: Subject,
    body: Option<Value>,
}

/// The matrix. `None` for a route that nobody has thought about.
fn entry(method: &Method, path: &str) -> Option<Entry> {
    let made = || Some(json!({"name": "made-by-the-matrix", "value": "a-value", "secret": "a-value"}));
    let (access, subject, body) = match (method.as_str(), path) {
        (_, "/healthz" | "/readyz" | "/openapi.json") | ("OPTIONS", _) => (Anybody, Subject::None, None),

        ("GET", "/v1/ai_secret") => (With(Right::Read), Subject::None, None),
        ("POST" | "PUT", "/v1/ai_secret") => (With(Right::Write), Subject::None, made()),
        ("DELETE", "/v1/ai_secret") => {
            (With(Right::Write), Subject::None, Some(json!({"name": "private-name"})))
        }
        ("GET", "/v1/ai_secret/{ai_secret_id}") => (With(Right::Read), Subject::Secret, None),
        ("PATCH", "/v1/ai_secret/{ai_secret_id}") => {
            (With(Right::Write), Subject::Secret, Some(json!({"type": "changed"})))
        }
        ("DELETE", "/v1/ai_secret/{ai_secret_id}") => (With(Right::Write), Subject::Secret, None),

        ("GET", "/v1") => (Anybody, Subject::None, None),
        ("GET", "/v1/organization" | "/v1/api_key" | "/v1/service_token" | "/v1/user" | "/v1/project") => {
            (AnyKey, Subject::None, None)
        }
        ("GET", "/v1/organization/{organization_id}") => (AnyKey, Subject::Org, None),
        ("GET", "/v1/api_key/{api_key_id}") => (AnyKey, Subject::ApiKey, None),
        ("GET", "/v1/service_token/{service_token_id}") => (AnyKey, Subject::ApiKey, None),
        ("GET", "/v1/user/{user_id}") => (AnyKey, Subject::Principal, None),
        ("GET", "/v1/project/{project_id}") => (AnyKey, Subject::Project, None),
        ("POST", "/v1/api_key") => (With(Right::Admin), Subject::None, Some(json!({"name": "made"}))),
        ("POST" | "PUT", "/v1/service_token") => {
            let body = json!({"name": "made", "service_account_id": "{account}"});
            (With(Right::Admin), Subject::None, Some(body))
        }
        ("DELETE", "/v1/service_token") => {
            (With(Right::Admin), Subject::ApiKey, Some(json!({"id": "{api_key}"})))
        }
        ("DELETE", "/v1/api_key/{api_key_id}" | "/v1/service_token/{service_token_id}") => {
            (With(Right::Admin), Subject::ApiKey, None)
        }
        ("POST", "/api/apikey/login") => (AnyKey, Subject::None, None),
        ("POST", "/api/secret") => (With(Right::Reveal), Subject::None, Some(json!({"model": "gpt-5"}))),
        ("POST", "/api/ai_secret/get") => (With(Right::Read), Subject::None, Some(json!({"org_id": "{org}"}))),

        ("GET", "/v3/whoami" | "/v1/whoami" | "/v1/v3/whoami" | "/whoami") => (AnyKey, Subject::None, None),
        (method, path) if path.ends_with("/deployments/secrets") => match method {
            "GET" => (With(Right::Read), Subject::None, None),
            "POST" => (With(Right::Write), Subject::None, Some(json!({"name": "made", "value": "a-value"}))),
            _ => return None,
        },
        (method, path) if path.ends_with("/deployments/secrets/{id}") => match method {
            "GET" => (With(Right::Read), Subject::ProjectSecret, None),
            "PATCH" => (With(Right::Write), Subject::ProjectSecret, Some(json!({"description": "changed"}))),
            "DELETE" => (With(Right::Write), Subject::ProjectSecret, None),
            _ => return None,
        },

        ("GET", "/keyholt/v1/whoami" | "/keyholt/v1/orgs") => (AnyKey, Subject::None, None),
        ("POST", "/keyholt/v1/orgs") => (Operator, Subject::None, Some(json!({"name": "made"}))),
        ("GET", "/keyholt/v1/orgs/{id}") => (AnyKey, Subject::Org, None),
        ("PATCH", "/keyholt/v1/orgs/{id}") => {
            (With(Right::Admin), Subject::Org, Some(json!({"name": "changed"})))
        }
        ("GET", "/keyholt/v1/projects") => (AnyKey, Subject::None, None),
        ("POST", "/keyholt/v1/projects") => (With(Right::Admin), Subject::None, Some(json!({"name": "made"}))),
        ("GET", "/keyholt/v1/projects/{id}") => (AnyKey, Subject::Project, None),
        ("PATCH", "/keyholt/v1/projects/{id}") => {
            (With(Right::Admin), Subject::Project, Some(json!({"name": "changed"})))
        }
        ("DELETE", "/keyholt/v1/projects/{id}") => (With(Right::Admin), Subject::Project, None),
        ("GET", "/keyholt/v1/principals") => (AnyKey, Subject::None, None),
        ("POST", "/keyholt/v1/principals") => {
            let body = json!({"kind": "user", "name": "made", "rights": ["admin"]});
            (With(Right::Admin), Subject::None, Some(body))
        }
        ("GET", "/keyholt/v1/principals/{id}") => (AnyKey, Subject::Principal, None),
        ("PATCH", "/keyholt/v1/principals/{id}") => {
            (With(Right::Admin), Subject::Principal, Some(json!({"name": "changed", "rights": ["admin"]})))
        }
        ("DELETE", "/keyholt/v1/principals/{id}") => (With(Right::Admin), Subject::Principal, None),
        ("GET", "/keyholt/v1/api-keys") => (AnyKey, Subject::None, None),
        ("POST", "/keyholt/v1/api-keys") => {
            (With(Right::Admin), Subject::None, Some(json!({"name": "made", "rights": ["admin"]})))
        }
        ("GET", "/keyholt/v1/api-keys/{id}") => (AnyKey, Subject::ApiKey, None),
        ("DELETE", "/keyholt/v1/api-keys/{id}") => (AnyKey, Subject::ApiKey, None),
        ("GET", "/keyholt/v1/secrets") => (With(Right::Read), Subject::None, None),
        ("POST", "/keyholt/v1/secrets") => {
            (With(Right::Write), Subject::None, Some(json!({"name": "made", "value": "a-value"})))
        }
        ("GET", "/keyholt/v1/secrets/{id}") => (With(Right::Read), Subject::Secret, None),
        ("PATCH", "/keyholt/v1/secrets/{id}") => {
            (With(Right::Write), Subject::Secret, Some(json!({"description": "changed"})))
        }
        ("DELETE", "/keyholt/v1/secrets/{id}") => (With(Right::Write), Subject::Secret, None),
        ("POST", "/keyholt/v1/secrets/import") => (Operator, Subject::None, Some(json!({"secrets": []}))),
        ("POST", "/keyholt/v1/secrets/reveal") => (With(Right::Reveal), Subject::None, Some(json!({}))),
        ("POST", "/keyholt/v1/secrets/{id}/reveal") => (With(Right::Reveal), Subject::Secret, None),
        ("POST", "/keyholt/v1/secrets/{id}/confirm-hosts") => {
            (WithBoth(Right::Write, Right::Reveal), Subject::Secret, None)
        }
        ("POST", "/keyholt/v1/secrets/{id}/test") => (With(Right::Use), Subject::Secret, None),
        ("GET", "/keyholt/v1/usage") => (With(Right::Read), Subject::None, None),
        ("GET", "/keyholt/v1/audit") => (With(Right::Admin), Subject::None, None),
        ("POST", "/keyholt/v1/audit/verify") => (Operator, Subject::None, None),
        _ => return None,
    };
    Some(Entry { access, subject, body })
}

/// The body in which an organisation of this name is meant, of a route that can name one in its body.
fn naming(template: &str, body: Option<&Value>, org: &str) -> Option<Value> {
    let (field, name) = match template {
        "/v1/ai_secret" | "/v1/api_key" | "/v1/service_token" | "/api/secret" => ("org_name", json!(org)),
        "/keyholt/v1/secrets"
        | "/keyholt/v1/secrets/reveal"
        | "/keyholt/v1/projects"
        | "/keyholt/v1/principals/{id}" => ("org", json!(org)),
        "/keyholt/v1/api-keys" | "/keyholt/v1/principals" => ("orgs", json!([org])),
        _ => return None,
    };
    let mut body = body?.clone();
    body[field] = name;
    Some(body)
}

/// What tests secrets without a network.
struct Tester(Arc<Engine>);

impl TestSecret for Tester {
    fn test<'a>(&'a self, caller: &'a Caller, id: SecretId) -> Testing<'a> {
        Box::pin(async move { self.0.find_to_test(caller, id).await.map(|_| Tested::Valid) })
    }
}

/// A server in the process, whose organisation `default` holds what nobody else may know of.
struct World {
    app: Router,
    test: TestEngine,
    secret: String,
    project_secret: String,
    api_key: String,
    org: String,
    project: String,
    principal: String,
    account: String,
}

const UNKNOWN: &str = "01a1fd70-f23d-726b-b2a7-4de452e6b438";

impl World {
    async fn make() -> Self {
        let test = TestEngine::in_memory().await;
        let metrics = Metrics::register(&mut Registry::default());
        let tester: Arc<dyn TestSecret> = Arc::new(Tester(Arc::clone(&test.engine)));
        let settings = Arc::new(ApiSettings::default());
        let state = AppState::with_tester(Arc::clone(&test.engine), settings, metrics, Some(tester));
        let mut world = Self {
            app: app(state),
            test,
            secret: String::new(),
            project_secret: String::new(),
            api_key: String::new(),
            org: String::new(),
            project: String::new(),
            principal: String::new(),
            account: String::new(),
        };
        let owner = Some(TestEngine::OWNER_KEY);
        let body = json!({"name": "private-name", "secret": "private-value", "metadata": {"private": 1}});
        let (_, secret) = world.send(&Method::POST, "/v1/ai_secret", owner, Some(&body)).await;
        let body = json!({"name": "private-name", "value": "private-value"});
        let (_, project_secret) =
            world.send(&Method::POST, "/v1/deployments/secrets", owner, Some(&body)).await;
        let body = json!({"name": "private-key", "role": "viewer"});
        let (_, api_key) = world.send(&Method::POST, "/keyholt/v1/api-keys", owner, Some(&body)).await;
        let body = json!({"name": "private-project"});
        let (_, project) = world.send(&Method::POST, "/keyholt/v1/projects", owner, Some(&body)).await;
        let body =
            json!({"kind": "user", "name": "private-person", "email": "private@person", "rights": ["use"]});
        let (_, principal) = world.send(&Method::POST, "/keyholt/v1/principals", owner, Some(&body)).await;
        let body = json!({"kind": "service_account", "name": "private-account", "rights": ["admin"]});
        let (_, account) = world.send(&Method::POST, "/keyholt/v1/principals", owner, Some(&body)).await;
        let id = |body: &str, name: &str| {
            serde_json::from_str::<Value>(body).unwrap()[name].as_str().unwrap().to_owned()
        };
        world.secret = id(&secret, "id");
        world.org = id(&secret, "org_id");
        world.project_secret = id(&project_secret, "id");
        world.api_key = id(&api_key, "id");
        world.project = id(&project, "id");
        world.principal = id(&principal, "id");
        world.account = id(&account, "id");
        world
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        credential: Option<&str>,
        body: Option<&Value>,
    ) -> (StatusCode, String) {
        let mut request = Request::builder().method(method).uri(path).header("host", "keyholt.test");
        if let Some(credential) = credential {
            request = request.header("authorization", format!("Bearer {credential}"));
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(self.filled(body)));
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// A body with the ids that it names in braces.
    fn filled(&self, body: &Value) -> String {
        let ids = [("{account}", &self.account), ("{api_key}", &self.api_key), ("{org}", &self.org)];
        ids.into_iter().fold(body.to_string(), |body, (name, id)| body.replace(name, id))
    }

    fn path(&self, template: &str, subject: Subject) -> String {
        let id = match subject {
            Subject::None => UNKNOWN,
            Subject::Secret => &self.secret,
            Subject::ProjectSecret => &self.project_secret,
            Subject::ApiKey => &self.api_key,
            Subject::Org => &self.org,
            Subject::Project => &self.project,
            Subject::Principal => &self.principal,
        };
        with_id(template, id)
    }

    /// Whether an answer tells anything of what only `default` may know.
    fn tells(&self, body: &str) -> bool {
        body.contains(&self.org) || self.tells_of_others(body)
    }

    /// Whether it tells anything of what is not everybody's in `default`.
    fn tells_of_others(&self, body: &str) -> bool {
        let ids =
            [&self.secret, &self.project_secret, &self.api_key, &self.project, &self.principal, &self.account];
        let texts = ["value", "key", "project", "person", "account"].map(|what| format!("private-{what}"));
        let texts = texts.iter().map(String::as_str).chain(["private@person"]);
        ids.into_iter().map(String::as_str).chain(texts).any(|text| body.contains(text))
    }

    /// The API key of an owner of a new organisation `other`.
    async fn foreign_owner(&self) -> String {
        let other = OrgName::parse("other").unwrap();
        self.test.engine.create_org(&self.test.owner, other).await.unwrap();
        // The operator may make the first owner key of an organisation that has none.
        self.test.issue(&self.test.owner, &["other"], Role::Owner.rights(), None).await.unwrap()
    }
}

fn with_id(template: &str, id: &str) -> String {
    let part = |part| if str::starts_with(part, '{') { id } else { part };
    template.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// How a refusal of this status and body reads under this path: under `/api` all are 400, and plain text.
fn as_refused(path: &str, status: StatusCode, body: &str) -> (StatusCode, String) {
    if !path.starts_with("/api/") {
        return (status, body.to_owned());
    }
    let body: Value = serde_json::from_str(body).unwrap();
    (StatusCode::BAD_REQUEST, body["message"].as_str().unwrap().to_owned())
}

fn matrix() -> Vec<(Method, String, Entry)> {
    let entry_of = |(method, path): (Method, String)| {
        let entry = entry(&method, &path).unwrap_or_else(|| panic!("{method} {path} is not in the matrix"));
        (method, path, entry)
    };
    routes().into_iter().map(entry_of).collect()
}

#[tokio::test]
async fn every_route_refuses_whoever_has_no_valid_key_with_one_and_the_same_answer() {
    let world = World::make().await;
    let expired = world.test.issue(&world.test.owner, &[], Role::Owner.rights(), Some(60)).await.unwrap();
    let revoked = world.test.issue(&world.test.owner, &[], Role::Owner.rights(), None).await.unwrap();
    let id = world.test.caller(&revoked).await.unwrap().identity.api_key;
    world.test.engine.revoke_api_key(&world.test.owner, id).await.unwrap();
    world.test.clock.advance_seconds(60);
    let unknown = "khk_0000000000000000000000000000000000000000000000";
    let credentials =
        [None, Some(unknown), Some(&*expired), Some(&*revoked), Some("khk_"), Some("'; DROP TABLE")];
    let (_, refusal) = world.send(&Method::GET, "/v1/ai_secret", None, None).await;
    for (method, template, entry) in matrix() {
        let path = world.path(&template, entry.subject);
        for credential in credentials {
            let (status, body) = world.send(&method, &path, credential, entry.body.as_ref()).await;
            if entry.access == Anybody {
                assert_eq!(status, 200, "{method} {path}");
            } else {
                assert!(!world.tells(&body), "{method} {path}");
                let expected = as_refused(&path, StatusCode::UNAUTHORIZED, &refusal);
                assert_eq!((status, body), expected, "{method} {path} {credential:?}");
            }
        }
    }
}

#[tokio::test]
async fn every_route_refuses_whoever_lacks_the_right_and_serves_whoever_has_it_alone() {
    for (method, template, entry) in matrix() {
        let world = World::make().await;
        let path = world.path(&template, entry.subject);
        let needed = entry.access.rights();
        let all_but = |right: &Right| Right::ALL.iter().copied().filter(|other| other != right).collect();
        let (lacking, sufficient): (Vec<Vec<Right>>, _) = match entry.access {
            Anybody | AnyKey => continue,
            // Every right, but not the operator's mark.
            Operator => (vec![Right::ALL.to_vec()], None),
            With(_) | WithBoth(..) => (needed.iter().map(all_but).collect(), Some(needed)),
        };
        for lacking in lacking {
            let lacking = world.test.issue(&world.test.owner, &[], Rights::of(&lacking), None).await.unwrap();
            // 403 comes before the body is looked at.
            for body in [entry.body.as_ref(), Some(&json!("no object"))] {
                let (status, body) = world.send(&method, &path, Some(&lacking), body).await;
                let refused = if path.starts_with("/api/") { 400 } else { 403 };
                assert_eq!(status, refused, "{method} {path}: {body}");
                assert!(
                    body.contains("This API key may not") || body.contains("Only an operator"),
                    "{path}: {body}"
                );
                assert!(!world.tells(&body), "{method} {path}");
            }
        }
        let sufficient = match sufficient {
            Some(rights) => world.test.issue(&world.test.owner, &[], Rights::of(&rights), None).await.unwrap(),
            None => TestEngine::OWNER_KEY.to_owned(),
        };
        let (status, body) = world.send(&method, &path, Some(&sufficient), entry.body.as_ref()).await;
        assert_eq!(status, 200, "{method} {path}: {body}");
    }
}

#[tokio::test]
async fn no_route_tells_another_organisation_of_what_is_there() {
    let world = World::make().await;
    let foreign = world.foreign_owner().await;
    let before = world.test.audit().await;
    for (method, template, entry) in matrix() {
        let path = world.path(&template, entry.subject);
        let (status, body) = world.send(&method, &path, Some(&foreign), entry.body.as_ref()).await;
        assert!(!world.tells(&body), "{method} {path}: {body}");
        if entry.subject != Subject::None {
            let nothing = with_id(&template, UNKNOWN);
            let unknown = world.send(&method, &nothing, Some(&foreign), entry.body.as_ref()).await;
            assert_eq!((status, body), unknown, "{method} {path}");
            assert_eq!(status, 404, "{method} {path}");
        }
    }
    // Whatever had been changed would be there.
    assert_eq!(world.test.audit().await, before);
    println!("{} routes, none tells another organisation of anything", matrix().len());
}

#[tokio::test]
async fn nothing_is_made_in_an_organisation_that_is_not_ones_own() {
    let world = World::make().await;
    let foreign = world.foreign_owner().await;
    let before = world.test.audit().await;
    let mut tried = 0;
    for (method, template, entry) in matrix() {
        let path = world.path(&template, entry.subject);
        let Some(body) = naming(&template, entry.body.as_ref(), "default") else { continue };
        let (status, body) = world.send(&method, &path, Some(&foreign), Some(&body)).await;
        // Somebody else's record is not there; somebody else's organisation is not one's own.
        let is_of_a_record = entry.subject != Subject::None;
        let refused = if path.starts_with("/api/") {
            400
        } else if is_of_a_record {
            404
        } else {
            403
        };
        assert_eq!(status, refused, "{method} {path}: {body}");
        assert!(!world.tells(&body), "{method} {path}: {body}");
        tried += 1;
    }
    assert!(tried >= 8, "{tried}");
    assert_eq!(world.test.audit().await, before);
}

#[tokio::test]
async fn a_right_in_one_organisation_is_none_in_another() {
    let world = World::make().await;
    // An owner of `other` who has only `use` left in `default`, where its project is.
    let api_key = world.test.make_orgs(&["other"]).await;
    let principal = world.test.caller(&api_key).await.unwrap().identity.principal;
    let path = format!("/keyholt/v1/principals/{principal}");
    let body = json!({"org": "default", "rights": ["use"]});
    let patched = world.send(&Method::PATCH, &path, Some(TestEngine::OWNER_KEY), Some(&body)).await;
    assert_eq!(patched.0, 200, "{}", patched.1);
    let before = world.test.audit().await;
    for (method, template, entry) in matrix() {
        let path = world.path(&template, entry.subject);
        let needed = entry.access.rights();
        if needed.is_empty() || needed == [Right::Use] {
            continue;
        }
        let (status, body) = world.send(&method, &path, Some(&api_key), entry.body.as_ref()).await;
        assert!(!world.tells_of_others(&body), "{method} {path}: {body}");
        if entry.subject != Subject::None {
            assert!(status == 403 || status == 404, "{method} {path}: {status} {body}");
        }
        if let Some(named) = naming(&template, entry.body.as_ref(), "default") {
            let (status, body) = world.send(&method, &path, Some(&api_key), Some(&named)).await;
            let is_refused = status == 403 || status == 404 || status == 400 && path.starts_with("/api/");
            assert!(is_refused, "{method} {path}: {status} {body}");
            assert!(!world.tells_of_others(&body), "{method} {path}: {body}");
        }
    }
    assert_eq!(world.test.audit().await, before);
}

#[tokio::test]
async fn every_route_that_needs_no_right_shows_whoever_has_none_to_read_only_what_is_their_own() {
    let world = World::make().await;
    let blind = Rights::of(&[Right::Write, Right::Use, Right::Reveal, Right::Admin]);
    let blind = world.test.issue(&world.test.owner, &[], blind, None).await.unwrap();
    for (method, template, entry) in matrix() {
        let path = world.path(&template, entry.subject);
        if entry.access != AnyKey || method != Method::GET {
            continue;
        }
        let (status, body) = world.send(&method, &path, Some(&blind), None).await;
        assert!(!world.tells_of_others(&body), "{method} {path}: {body}");
        // One's own organisation is everybody's.
        let is_visible = matches!(entry.subject, Subject::None | Subject::Org);
        assert_eq!(status, if is_visible { 200 } else { 404 }, "{method} {path}: {body}");
    }
}
