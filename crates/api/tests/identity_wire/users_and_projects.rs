//! `/v1/user` and `/v1/project` (wire/braintrust.md 7.3, 7.4).

use serde_json::{Value, json};

use crate::world::{PROJECT, UNKNOWN, USER, World, refusal, text};

#[tokio::test]
async fn users_are_users_and_service_accounts() {
    let world = World::make().await;
    let ada = world.account("user", "ada", "viewer").await;
    let ci = world.account("service_account", "ci", "viewer").await;
    let expected = json!({
        "id": ada,
        "given_name": "ada",
        "family_name": null,
        "email": "ada@example.com",
        "avatar_url": null,
        "created": "2026-11-21T09:30:00.125Z",
    });
    assert_eq!(world.get(&format!("/v1/user/{ada}")).await.object(USER), expected);
    let cases: &[(String, &[&str])] = &[
        (String::new(), &["ci", "ada", "owner"]),
        ("limit=1".into(), &["ci"]),
        (format!("starting_after={ci}&limit=1"), &["ada"]),
        (format!("ending_before={ada}&limit=1"), &["ci"]),
        (format!("ids={ada}"), &["ada"]),
        ("given_name=ada".into(), &["ada"]),
        ("given_name=ada&given_name=ci".into(), &["ci", "ada"]),
        ("given_name[]=ada,owner".into(), &["ada", "owner"]),
        ("given_name=Ada".into(), &[]),
        ("email=ci%40example.com".into(), &["ci"]),
        ("email=ci@example.com,ada@example.com&given_name=ada".into(), &["ada"]),
        ("email=".into(), &[]),
        ("family_name=ada".into(), &[]),
        ("family_name=".into(), &[]),
        ("org_name=default&limit=2".into(), &["ci", "ada"]),
        ("org_name=nobody".into(), &[]),
    ];
    world.lists("/v1/user", "given_name", cases).await;
    let unknown = world.get(&format!("/v1/user/{UNKNOWN}")).await.refusal();
    assert_eq!(unknown, refusal(404, "User does not exist or you do not have access to it"));
    assert_eq!(world.get("/v1/user/me").await.refusal(), refusal(400, "user_id must be a UUID"));
}

#[tokio::test]
async fn projects_have_all_their_keys() {
    let world = World::make().await;
    let made = world.native("POST", "projects", json!({"name": "evals"})).await;
    let id = text(&made, "id");
    let expected = json!({
        "id": id,
        "org_id": made["org_id"],
        "name": "evals",
        "description": null,
        "created": "2026-11-21T09:30:00.125Z",
        "deleted_at": null,
        "user_id": null,
        "settings": null,
    });
    assert_eq!(world.get(&format!("/v1/project/{id}")).await.object(PROJECT), expected);
    let cases: &[(String, &[&str])] = &[
        (String::new(), &["evals", "default"]),
        ("limit=1".into(), &["evals"]),
        (format!("starting_after={id}"), &["default"]),
        (format!("ending_before={id}"), &[]),
        (format!("ids={id}"), &["evals"]),
        ("project_name=evals".into(), &["evals"]),
        ("project_name=eval".into(), &[]),
        ("project_name=evals&org_name=default".into(), &["evals"]),
        ("org_name=nobody".into(), &[]),
    ];
    world.lists("/v1/project", "name", cases).await;
    world.native("DELETE", &format!("projects/{id}"), Value::Null).await;
    assert_eq!(world.get("/v1/project").await.each("name"), ["default"]);
    let gone = world.get(&format!("/v1/project/{id}")).await.refusal();
    assert_eq!(gone, refusal(404, "Project does not exist or you do not have access to it"));
    assert_eq!(world.get("/v1/project/x").await.refusal(), refusal(400, "project_id must be a UUID"));
}
