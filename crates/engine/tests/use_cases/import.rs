//! Bringing secrets in under fixed ids.

use keyholt_engine::{Error, Field, ImportedSecret, OrgChoice, SecretFilter};
use keyholt_testkit::TestEngine;
use keyholt_types::{Action, SecretId, Timestamp};

use crate::fixture::{bare, create, find, full, list, list_project, names, preview_of};

fn id(number: u128) -> SecretId {
    SecretId::new(uuid::Uuid::from_u128(number))
}

fn imported(number: u128, name: &str) -> ImportedSecret {
    ImportedSecret { id: id(number), created_at: None, secret: bare(name) }
}

async fn import(test: &TestEngine, secrets: Vec<ImportedSecret>) -> Result<usize, Error> {
    test.engine.import_secrets(&test.owner, OrgChoice::Unnamed, None, secrets).await
}

#[tokio::test]
async fn an_imported_secret_keeps_its_id_and_date_and_takes_its_place_by_the_id() {
    let test = TestEngine::in_memory().await;
    create(&test, bare("middle")).await;
    let created_at = Timestamp::parse("2020-01-02T03:04:05.678Z");
    let secret = full("lowest", "sk-proj-Wq3vT8mZkL2nR5xB7cY9");
    let lowest = ImportedSecret { id: SecretId::MIN, created_at, secret };
    let highest = ImportedSecret { id: SecretId::MAX, created_at: None, secret: bare("highest") };
    assert_eq!(import(&test, vec![lowest, highest]).await.unwrap(), 2);
    assert_eq!(
        names(&list(&test, &test.owner, SecretFilter::default()).await),
        ["highest", "middle", "lowest"]
    );
    let found = find(&test, SecretId::MIN).await.unwrap();
    assert_eq!((Some(found.columns.created_at), found.columns.value_updated_at), (created_at, created_at));
    assert_eq!((preview_of(&found), found.columns.updated_at), (Some("********7cY9"), None));
    // What is made afterwards lies below no imported one of the future.
    create(&test, bare("later")).await;
    assert_eq!(
        names(&list(&test, &test.owner, SecretFilter::default()).await),
        ["highest", "later", "middle", "lowest"]
    );
}

#[tokio::test]
async fn an_import_takes_the_place_of_what_has_its_ids_or_names() {
    let test = TestEngine::in_memory().await;
    import(&test, vec![imported(1, "a"), imported(2, "b"), imported(3, "c")]).await.unwrap();
    // Names change places; a third takes both an id and another's name.
    import(&test, vec![imported(1, "b"), imported(2, "a")]).await.unwrap();
    assert_eq!(names(&list(&test, &test.owner, SecretFilter::default()).await), ["c", "a", "b"]);
    import(&test, vec![imported(3, "a")]).await.unwrap();
    assert_eq!(names(&list(&test, &test.owner, SecretFilter::default()).await), ["a", "b"]);
    assert_eq!(find(&test, id(2)).await.unwrap_err(), Error::NotFound);
    let audit = test.audit().await;
    let deleted = audit.iter().filter(|record| record.event.action == Action::SecretDelete).count();
    let imports = audit.iter().filter(|record| record.event.action == Action::SecretImport).count();
    assert_eq!((deleted, imports), (4, 6));
}

#[tokio::test]
async fn an_import_is_all_or_nothing() {
    let test = TestEngine::in_memory().await;
    import(&test, vec![imported(1, "a")]).await.unwrap();
    for twice in [
        vec![imported(5, "x"), imported(6, "y"), imported(5, "z")],
        vec![imported(5, "x"), imported(6, "x")],
        vec![imported(1, "b"), imported(1, "c")],
    ] {
        assert_eq!(import(&test, twice).await.unwrap_err(), Error::NameTaken);
    }
    assert_eq!(names(&list(&test, &test.owner, SecretFilter::default()).await), ["a"]);
    assert_eq!(import(&test, Vec::new()).await.unwrap(), 0);
}

#[tokio::test]
async fn an_import_may_go_into_a_project() {
    let test = TestEngine::in_memory().await;
    let into = async |project| {
        let secrets = vec![imported(1, "a")];
        test.engine.import_secrets(&test.owner, OrgChoice::Unnamed, Some(project), secrets).await
    };
    let refused = into("nowhere").await.unwrap_err();
    assert!(matches!(refused, Error::Invalid(Field::Project, _)));
    assert_eq!(into("default").await.unwrap(), 1);
    assert_eq!(names(&list_project(&test).await), ["a"]);
    assert_eq!(list(&test, &test.owner, SecretFilter::default()).await, []);
}

#[tokio::test]
async fn what_is_imported_after_a_deletion_is_not_taken_for_what_had_its_id() {
    let test = TestEngine::in_memory().await;
    let made = create(&test, bare("a")).await;
    let mut versions = vec![made.columns.version];
    for _ in 0..3 {
        test.engine.delete_secret(&test.owner, made.columns.id).await.unwrap();
        test.clock.advance_micros(1);
        let again = ImportedSecret { id: made.columns.id, created_at: None, secret: bare("a") };
        import(&test, vec![again]).await.unwrap();
        versions.push(find(&test, made.columns.id).await.unwrap().columns.version);
    }
    assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
}
