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
use keyholt_testkit::TestEngine;
use keyholt_types::{OrgName, Right, Rights, Role};
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
    /// Operators.
    Operator,
}
use Access::{AnyKey, Anybody, Operator, With};

/// What stands for the id in a path.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Subject {
    None,
    Secret,
    ProjectSecret,
    ApiKey,
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
        ("GET", "/keyholt/v1/api-keys") => (With(Right::Admin), Subject::None, None),
        ("POST", "/keyholt/v1/api-keys") => {
            (With(Right::Admin), Subject::None, Some(json!({"name": "made", "rights": ["admin"]})))
        }
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
        ("GET", "/keyholt/v1/audit") => (With(Right::Admin), Subject::None, None),
        ("POST", "/keyholt/v1/audit/verify") => (Operator, Subject::None, None),
        _ => return None,
    };
    Some(Entry { access, subject, body })
}

/// A server in the process, whose organisation `default` holds what nobody else may know of.
struct World {
    app: Router,
    test: TestEngine,
    secret: String,
    project_secret: String,
    api_key: String,
    org: String,
}

const UNKNOWN: &str = "01a1fd70-f23d-726b-b2a7-4de452e6b438";

impl World {
    async fn make() -> Self {
        let test = TestEngine::in_memory().await;
        let metrics = Metrics::register(&mut Registry::default());
        let state = AppState::new(Arc::clone(&test.engine), Arc::new(ApiSettings::default()), metrics);
        let mut world = Self {
            app: app(state),
            test,
            secret: String::new(),
            project_secret: String::new(),
            api_key: String::new(),
            org: String::new(),
        };
        let owner = Some(TestEngine::OWNER_KEY);
        let body = json!({"name": "private-name", "secret": "private-value", "metadata": {"private": 1}});
        let (_, secret) = world.send(&Method::POST, "/v1/ai_secret", owner, Some(&body)).await;
        let body = json!({"name": "private-name", "value": "private-value"});
        let (_, project_secret) =
            world.send(&Method::POST, "/v1/deployments/secrets", owner, Some(&body)).await;
        let body = json!({"name": "private-key", "role": "viewer"});
        let (_, api_key) = world.send(&Method::POST, "/keyholt/v1/api-keys", owner, Some(&body)).await;
        let id = |body: &str, name: &str| {
            serde_json::from_str::<Value>(body).unwrap()[name].as_str().unwrap().to_owned()
        };
        world.secret = id(&secret, "id");
        world.org = id(&secret, "org_id");
        world.project_secret = id(&project_secret, "id");
        world.api_key = id(&api_key, "id");
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
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    fn path(&self, template: &str, subject: Subject) -> String {
        let id = match subject {
            Subject::None => return template.replace("{ai_secret_id}", UNKNOWN),
            Subject::Secret => &self.secret,
            Subject::ProjectSecret => &self.project_secret,
            Subject::ApiKey => &self.api_key,
        };
        with_id(template, id)
    }

    /// Whether an answer tells anything of what only `default` may know.
    fn tells(&self, body: &str) -> bool {
        let private =
            [&*self.secret, &self.project_secret, &self.api_key, &self.org, "private-value", "private-key"];
        private.into_iter().any(|text| body.contains(text))
    }
}

fn with_id(template: &str, id: &str) -> String {
    template.replace("{ai_secret_id}", id).replace("{id}", id)
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
                assert_eq!(
                    (status, &body),
                    (StatusCode::UNAUTHORIZED, &refusal),
                    "{method} {path} {credential:?}"
                );
            }
            assert!(!world.tells(&body), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_route_refuses_whoever_lacks_the_right_and_serves_whoever_has_it_alone() {
    for (method, template, entry) in matrix() {
        let world = World::make().await;
        let path = world.path(&template, entry.subject);
        let all: Vec<Right> = Right::ALL.to_vec();
        let (lacking, sufficient) = match entry.access {
            Anybody | AnyKey => continue,
            // Every right, but not the operator's mark.
            Operator => (all, None),
            With(right) => (all.into_iter().filter(|other| *other != right).collect(), Some(right)),
        };
        let lacking = world.test.issue(&world.test.owner, &[], Rights::of(&lacking), None).await.unwrap();
        // 403 comes before the body is looked at.
        for body in [entry.body.as_ref(), Some(&json!("no object"))] {
            let (status, body) = world.send(&method, &path, Some(&lacking), body).await;
            assert_eq!(status, 403, "{method} {path}: {body}");
            assert!(!world.tells(&body), "{method} {path}");
        }
        let sufficient = match sufficient {
            Some(right) => world.test.issue(&world.test.owner, &[], Rights::of(&[right]), None).await.unwrap(),
            None => TestEngine::OWNER_KEY.to_owned(),
        };
        let (status, body) = world.send(&method, &path, Some(&sufficient), entry.body.as_ref()).await;
        assert_eq!(status, 200, "{method} {path}: {body}");
    }
}

#[tokio::test]
async fn no_route_tells_another_organisation_of_what_is_there() {
    let world = World::make().await;
    let other = OrgName::parse("other").unwrap();
    world.test.engine.create_org(&world.test.owner, other).await.unwrap();
    // The operator may make the first owner key of an organisation that has none.
    let foreign = world.test.issue(&world.test.owner, &["other"], Role::Owner.rights(), None).await.unwrap();
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
    // All is as it was.
    for (path, id) in [
        ("/v1/ai_secret/", &world.secret),
        ("/v1/deployments/secrets/", &world.project_secret),
        ("/keyholt/v1/secrets/", &world.secret),
    ] {
        let (status, body) =
            world.send(&Method::GET, &format!("{path}{id}"), Some(TestEngine::OWNER_KEY), None).await;
        assert_eq!(status, 200, "{path}");
        assert!(body.contains(r#""updated_at":null"#) || body.contains(r#""description":"""#), "{body}");
    }
    let (_, keys) = world.send(&Method::GET, "/keyholt/v1/api-keys", Some(TestEngine::OWNER_KEY), None).await;
    assert!(keys.contains(&world.api_key) && !keys.contains(r#""revoked_at":"2"#), "{keys}");
}
