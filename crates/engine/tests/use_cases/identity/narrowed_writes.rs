//! What a narrowed key can look up and write: what is out of its reach is not there, and cannot be made
//! (design/decisions.md 8).

use keyholt_engine::{
    Error, ImportedSecret, ListedSecret, NewApiKey, NewSecret, OrgChoice, SecretFilter, SecretPatch, SecretView,
};
use keyholt_testkit::TestEngine;
use keyholt_types::{Action, Caller, Patch, Role, SecretId};

use super::fixture::{OUTSIDE, narrowed, refusals, restriction};
use crate::fixture::{bare, kind, list, new_kind, new_value, rename, with_ttl};

/// Names and types out of reach of [`editor`]: by name, by type, for want of a type, by both.
const OUT: [(&str, Option<&str>); 4] = [
    ("GOOGLE", Some("openai")),
    ("OPENAI_G", Some("google")),
    ("OPENAI_N", None),
    ("openai_a", Some("OpenAI")),
];

fn secret(name: &str, of_kind: Option<&str>) -> NewSecret {
    NewSecret { kind: of_kind.map(kind), ..bare(name) }
}

/// Who owns what is called `OPENAI_*` and of the type `openai`, and nothing else.
async fn editor(test: &TestEngine) -> Caller {
    narrowed(test, Role::Owner.rights(), restriction(&["OPENAI_*"], &["openai"], &[])).await
}

/// The collections: the organisation's secrets, and its project's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Org,
    Project,
}

impl Place {
    async fn create(self, test: &TestEngine, caller: &Caller, new: NewSecret) -> Result<SecretView, Error> {
        match self {
            Self::Org => {
                test.engine.create_secret(caller, OrgChoice::Unnamed, new).await.map(|written| written.secret)
            }
            Self::Project => test.engine.create_project_secret(caller, new).await,
        }
    }

    async fn find(self, test: &TestEngine, caller: &Caller, id: SecretId) -> Result<SecretView, Error> {
        match self {
            Self::Org => test.engine.find_secret(caller, id).await,
            Self::Project => test.engine.find_project_secret(caller, &id.to_string()).await,
        }
    }

    async fn patch(
        self,
        test: &TestEngine,
        caller: &Caller,
        id: SecretId,
        patch: SecretPatch,
    ) -> Result<SecretView, Error> {
        match self {
            Self::Org => test.engine.patch_secret(caller, id, patch).await,
            Self::Project => test.engine.patch_project_secret(caller, &id.to_string(), patch).await,
        }
    }

    async fn delete(self, test: &TestEngine, caller: &Caller, id: SecretId) -> Result<SecretView, Error> {
        match self {
            Self::Org => test.engine.delete_secret(caller, id).await,
            Self::Project => test.engine.delete_project_secret(caller, &id.to_string()).await,
        }
    }

    async fn delete_named(self, test: &TestEngine, caller: &Caller, name: &str) -> Result<SecretView, Error> {
        match self {
            Self::Org => test.engine.delete_secret_named(caller, OrgChoice::Unnamed, name).await,
            Self::Project => test.engine.delete_project_secret(caller, name).await,
        }
    }
}

#[tokio::test]
async fn what_is_out_of_reach_is_not_found_and_not_changed() {
    for place in [Place::Org, Place::Project] {
        let test = TestEngine::in_memory().await;
        let caller = editor(&test).await;
        for (name, of_kind) in OUT {
            let made = place.create(&test, &test.owner, secret(name, of_kind)).await.unwrap();
            let id = made.columns.id;
            let before = test.audit().await;
            let missing = Err(Error::NotFound);
            assert_eq!(place.find(&test, &caller, id).await, missing, "{place:?} {name}");
            for patch in [SecretPatch::default(), rename("OPENAI_B"), new_kind("openai"), new_value("v")] {
                assert_eq!(place.patch(&test, &caller, id, patch).await, missing, "{place:?} {name}");
            }
            assert_eq!(place.delete(&test, &caller, id).await, missing, "{place:?} {name}");
            assert_eq!(place.delete_named(&test, &caller, name).await, missing, "{place:?} {name}");
            if place == Place::Org {
                assert_eq!(test.engine.erase_secret(&caller, id).await, Err(Error::NotFound));
                let by_name = SecretFilter { name: Some(name.into()), ..SecretFilter::default() };
                assert_eq!(list(&test, &caller, by_name).await, []);
            } else {
                assert_eq!(test.engine.find_project_secret(&caller, name).await, missing, "{name}");
            }
            assert_eq!(place.find(&test, &test.owner, id).await, Ok(made), "{place:?} {name}");
            assert_eq!(test.audit().await, before);
        }
    }
}

#[tokio::test]
async fn what_would_be_out_of_reach_is_not_made() {
    for place in [Place::Org, Place::Project] {
        for exists in [false, true] {
            let test = TestEngine::in_memory().await;
            let caller = editor(&test).await;
            for (name, of_kind) in OUT {
                if exists {
                    place.create(&test, &test.owner, secret(name, of_kind)).await.unwrap();
                }
                let before = test.audit().await;
                let refused = place.create(&test, &caller, secret(name, of_kind)).await.unwrap_err();
                // That a name within reach is taken cannot be hidden where names are unique.
                let is_taken = exists && place == Place::Project && name.starts_with("OPENAI_");
                assert_eq!(refused, if is_taken { Error::NameTaken } else { OUTSIDE }, "{place:?} {name}");
                if place == Place::Org {
                    let replaced =
                        test.engine.replace_secret(&caller, OrgChoice::Unnamed, secret(name, of_kind)).await;
                    assert_eq!(replaced.unwrap_err(), OUTSIDE, "{name} {exists}");
                    let within = secret(name, Some("openai"));
                    let replaced = test.engine.replace_secret(&caller, OrgChoice::Unnamed, within).await;
                    // Only where there is nothing of that name can its type be chosen.
                    let is_free = name.starts_with("OPENAI_") && !exists;
                    assert_eq!(replaced.map(drop).err(), (!is_free).then_some(OUTSIDE), "{name} {exists}");
                    if is_free {
                        test.engine.delete_secret_named(&caller, OrgChoice::Unnamed, name).await.unwrap();
                        continue;
                    }
                }
                assert_eq!(test.audit().await, before, "{place:?} {name} {exists}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_in_reach_is_the_keys_own_and_stays_in_reach() {
    for place in [Place::Org, Place::Project] {
        let test = TestEngine::in_memory().await;
        let caller = editor(&test).await;
        let mut made = place.create(&test, &caller, secret("OPENAI_A", Some("openai"))).await.unwrap();
        let id = made.columns.id;
        assert_eq!(place.find(&test, &caller, id).await.unwrap(), made);
        for out in [
            rename("GOOGLE"),
            rename("openai_b"),
            new_kind("google"),
            SecretPatch { kind: Patch::Clear, ..SecretPatch::default() },
            SecretPatch { kind: Patch::Set(kind("google")), ..rename("OPENAI_B") },
            SecretPatch { value: new_value("v").value, ..rename("x") },
        ] {
            assert_eq!(place.patch(&test, &caller, id, out).await, Err(OUTSIDE), "{place:?}");
            assert_eq!(place.find(&test, &caller, id).await.unwrap(), made);
        }
        if place == Place::Org {
            let replaced = test.engine.replace_secret(&caller, OrgChoice::Unnamed, bare("OPENAI_A")).await;
            assert_eq!(replaced.unwrap_err(), OUTSIDE, "without a type it would be out of reach");
        }
        for within in [rename("OPENAI_B"), new_value("v"), new_kind("openai"), SecretPatch::default()] {
            made = place.patch(&test, &caller, id, within).await.unwrap();
        }
        assert_eq!(place.delete(&test, &caller, id).await.unwrap(), made);
        let named = place.create(&test, &caller, secret("OPENAI_C", Some("openai"))).await.unwrap();
        assert_eq!(place.delete_named(&test, &caller, "OPENAI_C").await.unwrap(), named);
    }
}

#[tokio::test]
async fn a_name_out_of_reach_is_refused_alike_whether_it_is_taken_or_not() {
    for place in [Place::Org, Place::Project] {
        let test = TestEngine::in_memory().await;
        let caller = editor(&test).await;
        place.create(&test, &test.owner, secret("TAKEN", Some("openai"))).await.unwrap();
        let own = place.create(&test, &caller, secret("OPENAI_A", Some("openai"))).await.unwrap().columns.id;
        for name in ["TAKEN", "FREE"] {
            assert_eq!(place.create(&test, &caller, secret(name, Some("openai"))).await, Err(OUTSIDE));
            assert_eq!(place.patch(&test, &caller, own, rename(name)).await, Err(OUTSIDE));
            assert_eq!(place.delete_named(&test, &caller, name).await, Err(Error::NotFound));
        }
    }
}

/// What has expired is nobody's any more, wherever it was.
#[tokio::test]
async fn the_name_of_an_expired_secret_out_of_reach_is_free() {
    for place in [Place::Org, Place::Project] {
        let test = TestEngine::in_memory().await;
        let caller = editor(&test).await;
        let old = NewSecret { kind: Some(kind("google")), ..with_ttl("OPENAI_A", "v", 86_400) };
        place.create(&test, &test.owner, old).await.unwrap();
        test.clock.advance_seconds(86_400);
        place.create(&test, &caller, secret("OPENAI_A", Some("openai"))).await.unwrap();
    }
}

#[tokio::test]
async fn an_import_brings_in_and_displaces_only_what_is_in_reach() {
    let test = TestEngine::in_memory().await;
    let new = NewApiKey {
        operator: true,
        restriction: restriction(&["OPENAI_*"], &["openai"], &[]),
        ..TestEngine::new_key(Role::Owner.rights())
    };
    let caller = test.caller(&test.issue_with(&test.owner, new).await.unwrap()).await.unwrap();
    for project in [None, Some("default")] {
        let place = project.map_or(Place::Org, |_| Place::Project);
        let id = |number| SecretId::new(uuid::Uuid::from_u128(number));
        let import = async |number, name: &str, of_kind| {
            let one = ImportedSecret { id: id(number), created_at: None, secret: secret(name, of_kind) };
            let good = ImportedSecret {
                id: id(100 + number),
                created_at: None,
                secret: secret("OPENAI_GOOD", Some("openai")),
            };
            test.engine.import_secrets(&caller, OrgChoice::Unnamed, project, vec![good, one]).await
        };
        for (number, (name, of_kind)) in (1..).zip(OUT) {
            assert_eq!(import(number, name, of_kind).await, Err(OUTSIDE), "{name}");
            place.create(&test, &test.owner, secret(name, of_kind)).await.unwrap();
        }
        // The id of one that is out of reach.
        let present = place.create(&test, &test.owner, secret("OTHER", None)).await.unwrap().columns.id;
        let one = ImportedSecret { id: present, created_at: None, secret: secret("OPENAI_X", Some("openai")) };
        let displacing = test.engine.import_secrets(&caller, OrgChoice::Unnamed, project, vec![one]).await;
        assert_eq!(displacing, Err(OUTSIDE));
        // The name of one that is out of reach by its type.
        assert_eq!(import(9, "OPENAI_G", Some("openai")).await, Err(OUTSIDE));
        // Nothing of them was done.
        assert_eq!(place.find(&test, &test.owner, id(101)).await, Err(Error::NotFound));
        place.find(&test, &test.owner, present).await.unwrap();
        assert_eq!(import(10, "OPENAI_A", Some("openai")).await, Ok(2));
        assert_eq!(import(10, "OPENAI_B", Some("openai")).await, Ok(2));
    }
}

#[tokio::test]
async fn a_row_that_does_not_open_is_erased_only_by_whom_it_is_in_reach_of() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let test = TestEngine::on_file(&dir).await;
    let caller = editor(&test).await;
    let mut ids = Vec::new();
    for (name, of_kind) in [("OPENAI_A", Some("openai")), ("OPENAI_B", Some("google")), ("X", Some("openai"))] {
        ids.push(Place::Org.create(&test, &test.owner, secret(name, of_kind)).await.unwrap().columns.id);
    }
    let intruder = keyholt_testkit::Intruder::in_directory(&dir).unwrap();
    assert_eq!(intruder.execute("UPDATE secrets SET created_at = 1").unwrap(), 3);
    for id in &ids[1..] {
        assert_eq!(test.engine.erase_secret(&caller, *id).await, Err(Error::NotFound));
    }
    let erased = test.engine.erase_secret(&caller, ids[0]).await;
    assert!(matches!(erased, Ok(ListedSecret::Locked(_))), "{erased:?}");
    let with_locked = || SecretFilter { with_locked: true, ..SecretFilter::default() };
    let seen = async |caller| {
        let list = test.engine.list_secrets(caller, OrgChoice::Unnamed, with_locked()).await.unwrap();
        crate::fixture::rest_of(list).await.len()
    };
    assert_eq!((seen(&caller).await, seen(&test.owner).await), (0, 2));
}

#[tokio::test]
async fn writes_out_of_reach_are_in_the_log_and_reads_are_not() {
    let test = TestEngine::in_memory().await;
    let caller = editor(&test).await;
    let out = Place::Org.create(&test, &test.owner, secret("GOOGLE", None)).await.unwrap().columns.id;
    Place::Org.find(&test, &caller, out).await.unwrap_err();
    Place::Org.delete(&test, &caller, out).await.unwrap_err();
    assert_eq!(refusals(&test, &test.owner).await, []);
    for _ in 0..3 {
        Place::Org.create(&test, &caller, bare("GOOGLE_2")).await.unwrap_err();
    }
    let [event] = &refusals(&test, &test.owner).await[..] else { panic!("not one event") };
    assert_eq!((event.action, event.count), (Action::SecretWrite, 3));
    assert_eq!(event.api_key, Some(caller.identity.api_key));
    assert_eq!((event.subject.id, &*event.subject.name), (caller.identity.api_key.uuid(), "robot"));
}
