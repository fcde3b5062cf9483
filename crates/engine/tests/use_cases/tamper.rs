//! Rows that change places, keys that are changed, and what still works beside a locked row.

use keyholt_crypto::LocalRootKey;
use keyholt_engine::{Error, ImportedSecret, ListedSecret, NewSecret, OrgChoice, SecretFilter, inspect};
use keyholt_store::Store;
use keyholt_testkit::{Intruder, TestEngine};
use keyholt_types::{Action, SecretId};

use crate::fixture::{bare, create, find, full, kind, list, names, patch, rename, with_ttl};

#[tokio::test]
async fn details_of_another_row_do_not_open() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let a = create(&test, full("a", "v")).await.columns.id;
    let b = create(&test, full("b", "v")).await.columns.id;
    let sound = create(&test, full("c", "v")).await.columns.id;
    let intruder = Intruder::in_directory(&dir).unwrap();
    let (in_a, in_b) = (Intruder::literal(a.as_bytes()), Intruder::literal(b.as_bytes()));
    let swap = format!(
        "CREATE TEMP TABLE old AS SELECT id, details FROM secrets WHERE id IN ({in_a}, {in_b});
         UPDATE secrets SET details = (SELECT details FROM old WHERE old.id <> secrets.id) WHERE id IN ({in_a}, {in_b})"
    );
    assert!(intruder.execute(&swap).unwrap() >= 2);
    for id in [a, b] {
        assert_eq!(find(&test, id).await.unwrap_err(), Error::Locked);
    }
    find(&test, sound).await.unwrap();
}

#[tokio::test]
async fn a_row_with_all_the_columns_of_another_but_its_id_does_not_open() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let a = create(&test, full("a", "v")).await.columns.id;
    let intruder = Intruder::in_directory(&dir).unwrap();
    let copy = "CREATE TEMP TABLE copy AS SELECT * FROM secrets;
                UPDATE copy SET id = x'00000000000000000000000000000001', name = 'b';
                INSERT INTO secrets SELECT * FROM copy";
    intruder.execute(copy).unwrap();
    find(&test, a).await.unwrap();
    assert_eq!(names(&list(&test, &test.owner, SecretFilter::default()).await), ["a"]);
}

#[tokio::test]
async fn a_changed_key_of_an_organisation_locks_its_secrets_and_no_others() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let (here, there, both) = {
        let test = TestEngine::on_file(&dir).await;
        let both = test.make_orgs(&["acme"]).await;
        let owner = test.caller(&both).await.unwrap();
        let here = create(&test, full("a", "v")).await.columns.id;
        let written =
            test.engine.create_secret(&owner, OrgChoice::Named("acme"), full("a", "v")).await.unwrap();
        (here, written.secret.columns.id, both)
    };
    let intruder = Intruder::in_directory(&dir).unwrap();
    let swapped =
        "UPDATE org_keys SET wrapped = (SELECT o.wrapped FROM org_keys o WHERE o.org_id <> org_keys.org_id)
                   WHERE org_id = (SELECT id FROM orgs WHERE name = 'acme')";
    assert_eq!(intruder.execute(swapped).unwrap(), 1);
    let test = TestEngine::on_file(&dir).await;
    let both = test.caller(&both).await.unwrap();
    test.engine.find_secret(&both, here).await.unwrap();
    assert_eq!(test.engine.find_secret(&both, there).await.unwrap_err(), Error::Locked);
    assert_eq!(list(&test, &both, SecretFilter::default()).await.len(), 1);
    let new = test.engine.create_secret(&both, OrgChoice::Named("acme"), bare("b")).await;
    assert_eq!(new.unwrap_err(), Error::Locked);
}

/// A data directory with the secrets `a` to `e`, of which `c` is locked.
async fn with_locked_row(dir: &std::path::Path) -> TestEngine {
    let test = TestEngine::on_file(dir).await;
    for name in ["a", "b", "c", "d", "e"] {
        create(&test, NewSecret { kind: Some(kind("one")), ..bare(name) }).await;
    }
    let intruder = Intruder::in_directory(dir).unwrap();
    assert_eq!(intruder.execute("UPDATE secrets SET created_at = 1 WHERE name = 'c'").unwrap(), 1);
    test
}

#[tokio::test]
async fn a_locked_row_costs_a_page_no_other_row() {
    let parent = tempfile::tempdir().unwrap();
    let test = with_locked_row(&parent.path().join("data")).await;
    for (limit, answer) in [(2, "ed"), (3, "edb"), (4, "edba"), (5, "edba")] {
        for kinds in [None, Some(vec!["one".into()])] {
            let filter = SecretFilter { limit: Some(limit), kinds, ..SecretFilter::default() };
            assert_eq!(names(&list(&test, &test.owner, filter).await).concat(), answer, "{limit}");
        }
    }
}

#[tokio::test]
async fn a_locked_rows_name_stays_taken_until_the_row_is_erased() {
    let parent = tempfile::tempdir().unwrap();
    let test = with_locked_row(&parent.path().join("data")).await;
    let unnamed = OrgChoice::Unnamed;
    let (engine, owner) = (&test.engine, &test.owner);
    assert_eq!(engine.create_secret(owner, unnamed, bare("c")).await.unwrap_err(), Error::Locked);
    assert_eq!(engine.replace_secret(owner, unnamed, bare("c")).await.unwrap_err(), Error::Locked);
    assert_eq!(engine.delete_secret_named(owner, unnamed, "c").await.unwrap_err(), Error::Locked);
    let other = list(&test, owner, SecretFilter::default()).await[0].columns.id;
    assert_eq!(patch(&test, other, rename("c")).await.unwrap_err(), Error::NameTaken);
    let by_name = SecretFilter { name: Some("c".into()), with_locked: true, ..SecretFilter::default() };
    let mut locked = engine.list_secrets(owner, unnamed, by_name).await.unwrap();
    let [ListedSecret::Locked(columns)] = &locked.next().await.unwrap()[..] else { panic!("not locked") };
    assert!(matches!(engine.erase_secret(owner, columns.id).await, Ok(ListedSecret::Locked(_))));
    assert_eq!(engine.erase_secret(owner, columns.id).await.unwrap_err(), Error::NotFound);
    assert!(!engine.create_secret(owner, unnamed, bare("c")).await.unwrap().found_existing);
}

#[tokio::test]
async fn a_forged_expiry_is_reported_before_the_row_is_erased() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let (engine, owner) = (&test.engine, &test.owner);
    for name in ["erased", "replaced", "sound"] {
        engine.create_project_secret(owner, with_ttl(name, "v", 86_400)).await.unwrap();
    }
    let intruder = Intruder::in_directory(&dir).unwrap();
    intruder.execute("UPDATE secrets SET expires_at = 1 WHERE name <> 'sound'").unwrap();
    for name in ["erased", "replaced"] {
        assert_eq!(engine.find_project_secret(owner, name).await.unwrap_err(), Error::Locked);
    }
    engine.create_project_secret(owner, full("replaced", "w")).await.unwrap();
    assert_eq!(engine.erase_expired().await.unwrap(), 1);
    let audit = test.audit().await;
    for name in ["erased", "replaced"] {
        let actions = audit.iter().filter(|record| &*record.event.subject.name == name);
        let actions: Vec<Action> = actions.map(|record| record.event.action).collect();
        let expected = [Action::SecretExpire, Action::SecretLocked, Action::SecretCreate];
        let skipped = usize::from(name == "replaced");
        assert_eq!(actions[skipped..], expected, "{name}");
    }
}

#[tokio::test]
async fn a_key_that_somebody_put_beside_an_organisations_own_locks_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let id = create(&TestEngine::on_file(&dir).await, full("a", "v")).await.columns.id;
    let intruder = Intruder::in_directory(&dir).unwrap();
    let forged = "INSERT INTO org_keys SELECT org_id, generation + 1, ring_generation, wrapped, created_at FROM org_keys";
    assert_eq!(intruder.execute(forged).unwrap(), 1);
    drop(intruder);
    let test = TestEngine::on_file(&dir).await;
    assert_eq!(&*find(&test, id).await.unwrap().columns.name, "a");
    create(&test, full("b", "v")).await;
}

/// It opens with the same keys under the same id and version: only the record tells that it is not its own.
#[tokio::test]
async fn an_old_value_that_was_put_back_under_its_id_and_version_is_found() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let id = SecretId::parse("01a1fd70-f23d-726b-b2a7-4de452e6b438").unwrap();
    let intruder = Intruder::in_directory(&dir).unwrap();
    let import = async |text: &str| {
        let secrets = vec![ImportedSecret { id, created_at: None, secret: full("a", text) }];
        test.engine.import_secrets(&test.owner, OrgChoice::Unnamed, None, secrets).await.unwrap();
    };
    import("the first value").await;
    intruder.execute("CREATE TEMP TABLE old AS SELECT * FROM secret_values").unwrap();
    import("the second value").await;
    let root_key = LocalRootKey::load_file(&dir.with_extension("root-key")).unwrap();
    let store = Store::open_directory_for_reading(&dir).unwrap();
    assert_eq!(inspect(&store, &root_key).await.unwrap().locked, 0);
    intruder.execute("DELETE FROM secret_values; INSERT INTO secret_values SELECT * FROM old").unwrap();
    let found = inspect(&store, &root_key).await.unwrap();
    let named: Vec<_> = found.named.iter().map(|locked| (locked.id, locked.problem)).collect();
    assert_eq!((found.secrets, found.locked, named), (1, 1, vec![(id, "the value is not the record's")]));
}
