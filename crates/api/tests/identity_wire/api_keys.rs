//! `/v1/api_key` (wire/braintrust.md 7.4).

use serde_json::{Value, json};

use crate::world::{API_KEY, OWNER, SERVICE_TOKEN, UNKNOWN, World, refusal, text};

#[tokio::test]
async fn lists_of_api_keys_page_and_filter() {
    let world = World::make().await;
    for name in ["a", "b", "c", "d"] {
        world.key(name, "viewer").await;
    }
    let all = world.get("/v1/api_key").await;
    assert_eq!(all.each("name"), ["d", "c", "b", "a", "owner"]);
    let ids = all.each("id");
    let [d, c, b, a, first] = ids.as_slice() else { panic!("{ids:?}") };
    let cases: &[(String, &[&str])] = &[
        ("limit=2".into(), &["d", "c"]),
        (format!("limit=2&starting_after={c}"), &["b", "a"]),
        (format!("limit=2&starting_after={a}"), &["owner"]),
        (format!("starting_after={first}"), &[]),
        (format!("ending_before={first}&limit=2"), &["b", "a"]),
        (format!("ending_before={b}&limit=2"), &["d", "c"]),
        (format!("ending_before={b}"), &["d", "c"]),
        (format!("ending_before={d}&limit=2"), &[]),
        (format!("starting_after={d}&ending_before={a}&limit=1"), &["c"]),
        (format!("starting_after={a}&ending_before={d}"), &[]),
        ("limit=0".into(), &[]),
        ("limit=".into(), &["d", "c", "b", "a", "owner"]),
        (format!("ids={a}%2C{c}&ids={UNKNOWN}"), &["c", "a"]),
        (format!("ids[]={a}&starting_after={c}"), &["a"]),
        (format!("ids={d}&starting_after={c}"), &[]),
        ("api_key_name=b".into(), &["b"]),
        ("api_key_name=B".into(), &[]),
        ("api_key_name=".into(), &[]),
        ("api_key_name=a,b".into(), &[]),
        ("org_name=default&limit=1".into(), &["d"]),
        ("org_name=nobody".into(), &[]),
        ("org_name=".into(), &[]),
        ("unknown=1&limit=1".into(), &["d"]),
    ];
    world.lists("/v1/api_key", "name", cases).await;
}

#[tokio::test]
async fn an_api_key_has_all_its_keys() {
    let world = World::make().await;
    let user = world.account("user", "ada", "viewer").await;
    let body = json!({"name": "laptop", "principal": user, "role": "viewer"});
    let made = world.native("POST", "api-keys", body).await;
    let id = text(&made, "id");
    let org = text(&world.get("/v1/organization").await.json()["objects"][0], "id");
    let expected = json!({
        "id": id,
        "created": "2026-11-21T09:30:00.125Z",
        "name": "laptop",
        "preview_name": made["shown"],
        "user_id": user,
        "user_email": "ada@example.com",
        "user_given_name": "ada",
        "user_family_name": null,
        "org_id": org,
    });
    assert_eq!(world.get(&format!("/v1/api_key/{id}")).await.object(API_KEY), expected);
    assert_eq!(world.get("/v1/api_key?limit=1").await.json(), json!({"objects": [expected]}));
    // The first key was given its text by whoever started the server.
    let first = world.get("/v1/api_key?api_key_name=owner").await.json();
    assert_eq!(first["objects"][0]["preview_name"], "********");
    assert_eq!(first["objects"][0]["user_email"], Value::Null);
    // It is not the key of a service account.
    let token = refusal(404, "Service token does not exist or you do not have access to it");
    assert_eq!(world.get(&format!("/v1/service_token/{id}")).await.refusal(), token);
    assert_eq!(
        world.send(OWNER, "DELETE", &format!("/v1/service_token/{id}"), Value::Null).await.refusal(),
        token
    );
    assert_eq!(world.get(&format!("/v1/service_token?ids={id}")).await.each("id"), [""; 0]);
    assert_eq!(world.get("/v1/api_key/x").await.refusal(), refusal(400, "api_key_id must be a UUID"));
}

#[tokio::test]
async fn an_api_key_of_several_organizations_has_none_that_is_its_own() {
    let world = World::make().await;
    let key = world.test.make_orgs(&["other"]).await;
    let id = world.test.caller(&key).await.unwrap().identity.api_key;
    let seen = async |api_key: &str| {
        world.send(api_key, "GET", &format!("/v1/api_key/{id}"), Value::Null).await.object(API_KEY)
    };
    assert_eq!(seen(&key).await["org_id"], Value::Null);
    // Who belongs to one of them only, and is no operator, sees that one.
    let viewer = world.key("viewer", "viewer").await;
    let org = world.test.owner.identity.orgs[0].org.to_string();
    assert_eq!(seen(&viewer).await["org_id"], org);
    // In the list of both it is there once.
    let list = world.send(&key, "GET", "/v1/api_key", Value::Null).await;
    assert_eq!(list.each("id").iter().filter(|one| **one == id.to_string()).count(), 1);
}

#[tokio::test]
async fn a_new_api_key_stands_for_its_maker_and_is_shown_once() {
    let world = World::make().await;
    let me = world.test.owner.identity.principal.to_string();
    let made = world.send(OWNER, "POST", "/v1/api_key", json!({"name": "second", "rights": [], "x": {}})).await;
    let mut keys = API_KEY.to_vec();
    keys.push("key");
    keys.sort_unstable();
    let made = made.object(&keys);
    let key = text(&made, "key");
    assert!(key.starts_with("khk_") && key.starts_with(&text(&made, "preview_name")));
    assert_eq!((text(&made, "user_id"), text(&made, "user_given_name")), (me.clone(), "owner".into()));
    let caller = world.test.caller(&key).await.unwrap();
    assert_eq!(caller.identity.principal.to_string(), me);
    assert_eq!(caller.identity.orgs, world.test.owner.identity.orgs);
    assert!(!caller.identity.operator);
    let id = text(&made, "id");
    let found = world.send(&key, "GET", &format!("/v1/api_key/{id}"), Value::Null).await;
    found.object(API_KEY);
    assert!(!found.text.contains(&key));
    assert!(!world.get("/v1/api_key").await.text.contains(&key));
    // The name is anybody's.
    assert_eq!(world.send(OWNER, "POST", "/v1/api_key", json!({"name": "second"})).await.status, 200);
}

#[tokio::test]
async fn a_new_key_gets_the_project_of_its_maker() {
    let world = World::make().await;
    world.native("POST", "projects", json!({"name": "evals"})).await;
    let body = json!({"name": "ci", "role": "owner", "project": "evals"});
    let maker = text(&world.native("POST", "api-keys", body).await, "key");
    let made = world.send(&maker, "POST", "/v1/api_key", json!({"name": "own"})).await.json();
    let caller = world.test.caller(&text(&made, "key")).await.unwrap();
    assert_eq!(&*caller.identity.project.name, "evals");
    // In another organisation there is no such project.
    let both = world.test.make_orgs(&["other"]).await;
    let body = json!({"name": "own", "org_name": "other"});
    let made = world.send(&both, "POST", "/v1/api_key", body).await.json();
    let caller = world.test.caller(&text(&made, "key")).await.unwrap();
    assert_eq!(caller.identity.orgs.len(), 1);
    assert_eq!(caller.identity.project.org, caller.identity.orgs[0].org);
}

#[tokio::test]
async fn bodies_and_organizations_of_new_keys_are_checked() {
    let world = World::make().await;
    let both = world.test.make_orgs(&["other"]).await;
    let account = world.account("service_account", "ci", "viewer").await;
    let user = world.account("user", "ada", "viewer").await;
    let forbidden = refusal(403, "This API key may not administer the organization");
    for (api_key, body, expected) in [
        (OWNER, Value::Null, refusal(400, "name is required")),
        (OWNER, json!({"name": ""}), refusal(400, "name must not be empty")),
        (OWNER, json!({"name": "n".repeat(129)}), refusal(400, "name must not be longer than 128 characters")),
        (OWNER, json!({"name": 7}), refusal(400, "name must be a string")),
        (OWNER, json!([]), refusal(400, "the request body must be a JSON object")),
        (OWNER, json!({"name": "a", "org_name": "other"}), forbidden.clone()),
        (OWNER, json!({"name": "a", "org_name": "nobody"}), forbidden.clone()),
        (OWNER, json!({"name": "a", "org_name": ""}), forbidden.clone()),
        (&both, json!({"name": "a"}), refusal(400, "org_name is required")),
    ] {
        for path in ["/v1/api_key", "/v1/service_token"] {
            let mut body = body.clone();
            if path == "/v1/service_token" && body.is_object() {
                body["service_account_id"] = json!(account);
            }
            // An operator is told of other organisations no more than others are.
            let answer = world.send(api_key, "POST", path, body.clone()).await;
            assert_eq!(answer.refusal(), expected, "{path} {body}");
        }
    }
    for (id, message) in [
        (json!(null), "service_account_id is required"),
        (json!("x"), "service_account_id must be a UUID"),
        (json!(UNKNOWN), "service_account_id must be a member of the organisation"),
        (json!(user), "service_account_id must be a service account, not a user"),
    ] {
        for method in ["POST", "PUT"] {
            let body = json!({"name": "a", "service_account_id": id});
            let answer = world.send(OWNER, method, "/v1/service_token", body).await;
            assert_eq!(answer.refusal(), refusal(400, message), "{method} {id}");
        }
    }
    // A member of another organisation only is no member of this one.
    let body = json!({"name": "a", "service_account_id": account, "org_name": "other"});
    let answer = world.send(&both, "POST", "/v1/service_token", body).await;
    assert_eq!(answer.refusal(), refusal(400, "service_account_id must be a member of the organisation"));
}

#[tokio::test]
async fn deleting_a_key_revokes_it() {
    let world = World::make().await;
    for (collection, by_body) in [("api_key", false), ("service_token", false), ("service_token", true)] {
        let key = world.key("doomed", "viewer").await;
        let path = format!("/v1/{collection}");
        let id = world.get(&format!("{path}?limit=1")).await.each("id").remove(0);
        let by_id = format!("{path}/{id}");
        let before = world.get(&by_id).await.json();
        let delete = async || {
            if by_body {
                world.send(OWNER, "DELETE", &path, json!({"id": id, "x": 1})).await
            } else {
                world.send(OWNER, "DELETE", &by_id, Value::Null).await
            }
        };
        let deleted = delete().await;
        assert_eq!((deleted.status, deleted.json()), (200, before));
        assert_eq!(world.send(&key, "GET", "/v1/ai_secret", Value::Null).await.status, 401);
        let (status, message) = delete().await.refusal();
        assert_eq!((status, message.ends_with(" does not exist or you do not have access to it")), (404, true));
        assert_eq!(world.get(&by_id).await.refusal(), (404, message));
        assert_eq!(world.get(&format!("{path}?ids={id}")).await.each("id"), [""; 0]);
    }
    for (body, message) in [
        (Value::Null, "id is required"),
        (json!({"id": "x"}), "id must be a UUID"),
        (json!({"id": 1}), "id must be a string"),
    ] {
        let answer = world.send(OWNER, "DELETE", "/v1/service_token", body).await;
        assert_eq!(answer.refusal(), refusal(400, message));
    }
    let unknown = world.send(OWNER, "DELETE", &format!("/v1/api_key/{UNKNOWN}"), Value::Null).await;
    assert_eq!(unknown.refusal(), refusal(404, "API key does not exist or you do not have access to it"));
    let wrong = world.send(OWNER, "DELETE", "/v1/service_token/x", Value::Null).await;
    assert_eq!(wrong.refusal(), refusal(400, "service_token_id must be a UUID"));
}

#[tokio::test]
async fn an_expired_key_stays_listed() {
    let world = World::make().await;
    let body = json!({"name": "short", "role": "viewer", "expires_in_seconds": 60});
    let made = world.native("POST", "api-keys", body).await;
    world.test.clock.advance_seconds(60);
    assert_eq!(world.get("/v1/api_key?api_key_name=short").await.each("id"), [text(&made, "id")]);
    world.get(&format!("/v1/service_token/{}", text(&made, "id"))).await.object(SERVICE_TOKEN);
}

#[tokio::test]
async fn whoever_was_removed_is_no_longer_shown_with_their_keys() {
    let world = World::make().await;
    let ada = world.account("user", "ada", "viewer").await;
    let body = json!({"name": "laptop", "principal": ada, "role": "viewer"});
    let id = text(&world.native("POST", "api-keys", body).await, "id");
    world.native("DELETE", &format!("principals/{ada}"), Value::Null).await;
    for key in [
        world.get(&format!("/v1/api_key/{id}")).await.object(API_KEY),
        world.get("/v1/api_key?limit=1").await.json()["objects"][0].clone(),
    ] {
        assert_eq!((&key["user_id"], &key["user_given_name"]), (&json!(ada), &Value::Null));
        assert_eq!(key["user_email"], Value::Null);
    }
}

#[tokio::test]
async fn whoever_is_still_a_member_elsewhere_is_shown_to_who_belongs_there_too() {
    let world = World::make().await;
    let both = world.test.make_orgs(&["other"]).await;
    let native = async |method: &str, path: &str, body: Value| {
        let answer = world.send(&both, method, &format!("/keyholt/v1/{path}"), body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text);
        answer.json()
    };
    let orgs = json!(["default", "other"]);
    let body = json!({"kind": "user", "name": "ada", "orgs": orgs, "role": "viewer"});
    let ada = text(&native("POST", "principals", body).await, "id");
    let body = json!({"name": "laptop", "principal": ada, "orgs": orgs, "role": "viewer"});
    let id = text(&native("POST", "api-keys", body).await, "id");
    for org in ["default", "other"] {
        native("DELETE", &format!("principals/{ada}?org={org}"), Value::Null).await;
        let listed = world.send(&both, "GET", "/v1/api_key?limit=1", Value::Null).await.json();
        let found = world.send(&both, "GET", &format!("/v1/api_key/{id}"), Value::Null).await.object(API_KEY);
        assert_eq!(listed["objects"][0], found);
        let name = if org == "default" { json!("ada") } else { Value::Null };
        assert_eq!(found["user_given_name"], name, "after {org}");
    }
}

/// Its project stays where it was; the new key's is one of the organisation that is left.
#[tokio::test]
async fn a_key_whose_projects_organisation_is_lost_still_makes_keys_where_it_belongs() {
    let world = World::make().await;
    let both = world.test.make_orgs(&["acme"]).await;
    let caller = world.test.caller(&both).await.unwrap();
    let home = keyholt_engine::OrgChoice::Named("default");
    world.test.engine.remove_member(&caller, home, caller.identity.principal).await.unwrap();
    let made = world.send(&both, "POST", "/v1/api_key", json!({"name": "next"})).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let left = caller.identity.orgs.iter().find(|grant| &*grant.org_name == "acme").unwrap();
    assert_eq!(text(&made.json(), "org_id"), left.org.to_string());
}
