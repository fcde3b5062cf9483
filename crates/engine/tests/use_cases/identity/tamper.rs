//! What whoever can write the database, but holds no key of ours, can make of identities.

use keyholt_engine::{Error, NewApiKey};
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::{Rights, Role};

use super::fixture::{patch_member, restriction, rights, suspended};

/// Each is done to the row of a fresh key, which is `KEY`; `OWNER` is the owner's.
const REFUSED: &[&str] = &[
    "UPDATE api_keys SET restrictions = '' WHERE id = KEY",
    "UPDATE api_keys SET restrictions = '[]' WHERE id = KEY",
    r#"UPDATE api_keys SET restrictions = '[{"names":["*"],"types":[],"addresses":[]}]' WHERE id = KEY"#,
    r#"UPDATE api_keys SET restrictions = '[{"names":["OPENAI_*"],"types":[],"addresses":[]}]' WHERE id = KEY"#,
    "UPDATE api_keys SET restrictions = replace(restrictions, 'OPENAI', 'GOOGLE') WHERE id = KEY",
    "UPDATE api_keys SET restrictions = replace(restrictions, '10.0.0.0/8', '0.0.0.0/0') WHERE id = KEY",
    // Not even what would narrow it further.
    r#"UPDATE api_keys SET restrictions = replace(restrictions, ']}]', ']},{"names":["x"],"types":[],"addresses":[]}]')
       WHERE id = KEY"#,
    "UPDATE api_keys SET operator = 1 WHERE id = KEY",
    "UPDATE api_keys SET expires_at = NULL WHERE id = KEY",
    "UPDATE api_keys SET expires_at = expires_at + 1 WHERE id = KEY",
    "UPDATE api_keys SET parent_id = OWNER WHERE id = KEY",
    "UPDATE api_key_grants SET rights = 31 WHERE api_key_id = KEY",
    "INSERT INTO api_key_grants SELECT id, KEY, 31 FROM orgs WHERE name = 'acme'",
    "UPDATE api_keys SET principal_id = (SELECT principal_id FROM api_keys WHERE id = OWNER) WHERE id = KEY",
    // Its principal and whatever that could lend it are taken away.
    "DELETE FROM memberships WHERE principal_id = (SELECT principal_id FROM api_keys WHERE id = KEY)",
    "UPDATE projects SET deleted_at = 1 WHERE id = (SELECT project_id FROM api_keys WHERE id = KEY)",
];

/// The same; what they leave is of no form that a row could have.
const UNREADABLE: &[&str] = &[
    "UPDATE api_keys SET restrictions = 'x' WHERE id = KEY",
    "UPDATE api_keys SET restrictions = x'ff' WHERE id = KEY",
    "UPDATE api_keys SET operator = 'yes' WHERE id = KEY",
    "UPDATE api_keys SET expires_at = 'never' WHERE id = KEY",
    "UPDATE api_key_grants SET rights = 99 WHERE api_key_id = KEY",
    "UPDATE memberships SET rights = 99
     WHERE principal_id = (SELECT principal_id FROM api_keys WHERE id = KEY)",
    "UPDATE memberships SET suspended_at = 'never'
     WHERE principal_id = (SELECT principal_id FROM api_keys WHERE id = KEY)",
];

#[tokio::test]
async fn a_narrowed_key_that_was_tampered_with_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let refused = REFUSED.iter().map(|sql| (*sql, Error::Unauthenticated));
    // That something is broken is said to whoever shows that key, and to nobody else.
    let unreadable = UNREADABLE.iter().map(|sql| (*sql, Error::Internal));
    for (number, (tampering, expected)) in refused.chain(unreadable).enumerate() {
        let dir = parent.path().join(format!("data-{number}"));
        let test = TestEngine::on_file(&dir).await;
        test.make_orgs(&["acme"]).await;
        let new = NewApiKey {
            restriction: restriction(&["OPENAI_*"], &[], &["10.0.0.0/8"]),
            lifetime_seconds: Some(3600),
            ..TestEngine::new_key(Role::Viewer.rights())
        };
        // It has not been looked up yet: nothing of it is in memory.
        let api_key = test.issue_with(&test.owner, new).await.unwrap();
        let intruder = Intruder::in_directory(&dir).unwrap();
        let key: Vec<Vec<u8>> = intruder.read("SELECT max(id) FROM api_keys").unwrap();
        let owner = Intruder::literal(test.owner.identity.api_key.as_bytes());
        let sql = tampering.replace("KEY", &Intruder::literal(&key[0])).replace("OWNER", &owner);
        assert!(intruder.execute(&sql).unwrap() > 0, "{sql}");
        for address in ["10.1.2.3", "203.0.113.9"] {
            let shown = test.caller_from(&api_key, address).await;
            assert_eq!(shown.map(drop), Err(expected), "{sql}");
        }
        // Unknown ones are unknown, though for some of them this key's row is looked at to take the same time.
        for number in 0..20 {
            let unknown = test.caller(&format!("unknown {number}")).await;
            assert_eq!(unknown.map(drop), Err(Error::Unauthenticated), "{sql}");
        }
    }
}

/// Memberships bear no proof: in the database one can be raised, but no key gets more than it was given.
#[tokio::test]
async fn a_membership_that_was_raised_gives_a_key_no_more_than_its_grant() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    test.make_orgs(&["acme"]).await;
    let engineer = Role::Engineer.rights();
    let api_key = test.issue(&test.owner, &[], engineer, None).await.unwrap();
    let identity = test.caller(&api_key).await.unwrap().identity;
    let intruder = Intruder::in_directory(&dir).unwrap();
    let principal = Intruder::literal(identity.principal.as_bytes());
    let own = async || {
        // What is in memory is forgotten by any change of an identity.
        let somebody = test.caller_with(Role::App.rights()).await.identity.principal;
        patch_member(&test, &test.owner, somebody, suspended(true)).await.unwrap();
        test.caller(&api_key).await.map(|caller| {
            caller
                .identity
                .orgs
                .iter()
                .map(|grant| (grant.org_name.to_string(), grant.rights))
                .collect::<Vec<_>>()
        })
    };
    let expected = |rights: Rights| Ok(vec![("default".to_owned(), rights)]);
    for sql in [
        format!("UPDATE memberships SET rights = 31 WHERE principal_id = {principal}"),
        format!(
            "INSERT INTO memberships (org_id, principal_id, rights, created_at, version)
             SELECT id, {principal}, 31, 0, 1 FROM orgs WHERE name = 'acme'"
        ),
        // Who is lowered or suspended can so be put back, up to the key's own grant.
        format!("UPDATE memberships SET rights = 31, suspended_at = NULL WHERE principal_id = {principal}"),
    ] {
        assert!(intruder.execute(&sql).unwrap() > 0, "{sql}");
        assert_eq!(own().await, expected(engineer), "{sql}");
    }
    patch_member(&test, &test.owner, identity.principal, rights(Role::Viewer.rights())).await.unwrap();
    assert_eq!(own().await, expected(Role::Viewer.rights()));
    let put_back = format!("UPDATE memberships SET rights = 31 WHERE principal_id = {principal}");
    intruder.execute(&put_back).unwrap();
    assert_eq!(own().await, expected(engineer));
}

/// What only says something of a key changes nothing of what it may do.
#[tokio::test]
async fn what_is_only_shown_of_a_key_decides_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let api_key = test.issue(&test.owner, &[], Role::App.rights(), None).await.unwrap();
    let intruder = Intruder::in_directory(&dir).unwrap();
    for sql in [
        "UPDATE api_keys SET name = 'other', shown = 'khk_0000', created_by = NULL, model = 'gpt-5'",
        "INSERT INTO api_key_uses SELECT id, 1 FROM api_keys",
        "UPDATE principals SET name = 'root', email = 'root@example.com', kind = 'user'",
    ] {
        assert!(intruder.execute(sql).unwrap() > 0, "{sql}");
    }
    let identity = test.caller(&api_key).await.unwrap().identity;
    assert_eq!((identity.orgs[0].rights, identity.operator), (Role::App.rights(), false));
    assert!(identity.temporary.is_none());
}

#[tokio::test]
async fn a_credential_for_a_short_time_that_was_tampered_with_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    for (number, set) in [
        "model = NULL",
        "model = 'gpt-5-mini'",
        "parent_id = NULL",
        "parent_id = NULL, model = NULL",
        "parent_id = randomblob(16)",
        "expires_at = NULL",
        r#"restrictions = '[{"names":["x"],"types":[],"addresses":[]}]'"#,
    ]
    .iter()
    .enumerate()
    {
        let dir = parent.path().join(format!("data-{number}"));
        let test = TestEngine::on_file(&dir).await;
        let made = test.engine.create_credential(&test.owner, Some("gpt-5".into()), 600).await.unwrap();
        let request = keyholt_types::RequestContext { id: test.engine.make_request_id(), address: None };
        let intruder = Intruder::in_directory(&dir).unwrap();
        let sql = format!("UPDATE api_keys SET {set} WHERE parent_id IS NOT NULL");
        assert_eq!(intruder.execute(&sql).unwrap(), 1, "{sql}");
        let shown = test.engine.authenticate(&made.credential(), request).await;
        assert_eq!(shown.map(drop), Err(Error::Unauthenticated), "{sql}");
    }
}

/// An unknown credential takes the work of some key that is there: a damaged one must not break it.
#[tokio::test]
async fn a_damaged_key_troubles_nobody_else() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let api_key = test.issue(&test.owner, &[], Role::Owner.rights(), None).await.unwrap();
    let intruder = Intruder::in_directory(&dir).unwrap();
    let owner = Intruder::literal(test.owner.identity.api_key.as_bytes());
    for set in ["restrictions = 'x'", "principal_id = x'00'", "created_at = 'x'", "proof = ''"] {
        assert_eq!(intruder.execute(&format!("UPDATE api_keys SET {set} WHERE id = {owner}")).unwrap(), 1);
        for number in 0..20 {
            let unknown = test.caller(&format!("unknown {number}")).await.unwrap_err();
            assert_eq!(unknown, Error::Unauthenticated, "{set}");
        }
        test.caller(&api_key).await.unwrap();
    }
    let somebody = test.caller_with(Role::App.rights()).await.identity.principal;
    patch_member(&test, &test.owner, somebody, suspended(true)).await.unwrap();
    test.caller(TestEngine::OWNER_KEY).await.unwrap_err();
    test.caller(&api_key).await.unwrap();
}
