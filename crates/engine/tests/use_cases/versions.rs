//! Which versions of a value are kept.

use keyholt_testkit::{Intruder, TestEngine};

use crate::fixture::{bare, create, full, new_kind, new_value, patch, replace};

fn kept(intruder: &Intruder) -> Vec<i64> {
    intruder.read("SELECT value_version FROM secret_values ORDER BY value_version").unwrap()
}

#[tokio::test]
async fn an_organisations_secret_keeps_two_earlier_values() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let intruder = Intruder::in_directory(&dir).unwrap();
    let id = create(&test, bare("a")).await.columns.id;
    assert_eq!(kept(&intruder), Vec::<i64>::new());
    for (version, expected) in
        [(1, vec![1]), (2, vec![1, 2]), (3, vec![1, 2, 3]), (4, vec![2, 3, 4]), (5, vec![3, 4, 5])]
    {
        let written = patch(&test, id, new_value("the same value")).await.unwrap();
        assert_eq!(written.columns.value_version, version);
        assert_eq!(kept(&intruder), expected);
        // What leaves the value alone leaves its versions alone.
        patch(&test, id, new_kind(&version.to_string())).await.unwrap();
        assert_eq!(kept(&intruder), expected);
    }
    replace(&test, full("a", "v")).await;
    assert_eq!(kept(&intruder), [4, 5, 6]);
    test.engine.delete_secret(&test.owner, id).await.unwrap();
    assert_eq!(kept(&intruder), Vec::<i64>::new());
}

#[tokio::test]
async fn a_projects_secret_keeps_its_last_value_only() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let intruder = Intruder::in_directory(&dir).unwrap();
    test.engine.create_project_secret(&test.owner, full("a", "v")).await.unwrap();
    for version in 2..5 {
        test.engine.patch_project_secret(&test.owner, "a", new_value("v")).await.unwrap();
        assert_eq!(kept(&intruder), [version]);
    }
}
