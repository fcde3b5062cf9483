//! A caller: one request after the other, and what came of each.

use std::cell::RefCell;
use std::rc::Rc;

use keyholt_engine::{Engine, Error, MetadataObject, MetadataPatch, NewSecret, OrgChoice, SecretPatch};
use keyholt_types::{
    Action, Caller, Metadata, OrgName, Patch, RequestId, Right, Rights, SecretId, SecretName, SecretType,
    SecretValue,
};
use rusqlite::Connection;
use serde_json::{Map, Value};

use super::installation::Running;
use super::testimony::{Change, Effect, Key, Row, Testimony};
use super::work::{Task, choose};
use crate::disk::Disk;
use crate::{Random, TestEngine};

/// The value of a stamp.
pub(super) fn value_of(stamp: &str) -> String {
    format!("sk-the-value-that-belongs-to-{stamp}")
}

/// What all callers of a run share.
pub(super) struct Shared<'a> {
    pub(super) disk: &'a Disk,
    pub(super) running: &'a Running,
    pub(super) known: RefCell<&'a mut Testimony>,
    /// Whether the log is copied by another connection, whose errors the store cannot know.
    pub(super) has_outsider: bool,
}

/// A caller by its number; its records begin with a name of its own.
pub(super) struct Worker<'a> {
    pub(super) number: usize,
    pub(super) shared: Rc<Shared<'a>>,
    pub(super) random: Random,
}

impl Worker<'_> {
    /// Asks so many times, or until the power is cut.
    pub(super) async fn work(mut self, times: usize) {
        let prefix = format!("w{}-", self.number);
        for _ in 0..times {
            let task = choose(&prefix, &mut self.random, &self.shared.known.borrow());
            self.carry_out(task).await;
            if !self.shared.disk.is_on() || self.shared.known.borrow().wrong.is_some() {
                return;
            }
        }
    }

    async fn carry_out(&mut self, task: Task) {
        match task {
            Task::Create { name } => self.create(name, false).await,
            Task::Put { name } => self.create(name, true).await,
            Task::Replace(id) => self.replace(id).await,
            Task::Rotate(id) => self.patch(id, true, None).await,
            Task::Update(id) => self.patch(id, false, None).await,
            Task::Rename(id, name) => self.patch(id, false, Some(name)).await,
            Task::Delete(id) => self.delete(id, false).await,
            Task::DeleteNamed(id) => self.delete(id, true).await,
            Task::MakeKey(name) => self.make_key(name).await,
            Task::RevokeKey(name) => self.revoke_key(&name).await,
            Task::Reveal(id) => self.reveal(id).await,
            // Errors are the server's own business; what it does must do no harm.
            Task::Sweep => drop(self.engine().erase_expired().await),
            Task::Checkpoint if self.shared.has_outsider => drop(checkpoint(self.shared.disk)),
            Task::Checkpoint => {}
        }
    }

    fn engine(&self) -> std::sync::Arc<Engine> {
        std::sync::Arc::clone(&self.shared.running.engine)
    }

    fn row(&self, id: SecretId) -> Option<Row> {
        self.shared.known.borrow().rows.get(&id).cloned()
    }

    async fn create(&mut self, name: String, puts: bool) {
        let stamp = self.random.text(12);
        let Some(new) = new_secret(&name, &stamp) else { return };
        let row = Row { name, stamp: stamp.clone(), value: stamp };
        let (caller, request) = self.shared.running.owner();
        let change = Change { request, action: Action::SecretCreate, effect: Effect::Create(row.clone()) };
        let (engine, before) = (self.engine(), self.shared.disk.has_failed_to_sync());
        let written = if puts {
            engine.replace_secret(&caller, OrgChoice::Unnamed, new).await
        } else {
            engine.create_secret(&caller, OrgChoice::Unnamed, new).await
        };
        self.told(change, before, written, |known, written| {
            if written.found_existing {
                return Err(format!("{row:?} was there before it was made"));
            }
            known.rows.insert(written.secret.columns.id, row);
            Ok(())
        });
    }

    async fn replace(&mut self, id: SecretId) {
        let (stamp, Some(before)) = (self.random.text(12), self.row(id)) else { return };
        let Some(new) = new_secret(&before.name, &stamp) else { return };
        let after = Row { name: before.name.clone(), stamp: stamp.clone(), value: stamp };
        let (engine, caller, change) = self.begin(id, Action::SecretRotate, before, Some(after));
        let had_failed = self.shared.disk.has_failed_to_sync();
        let written = engine.replace_secret(&caller, OrgChoice::Unnamed, new).await;
        self.end(change, had_failed, written.map(|written| written.secret.columns.id));
    }

    async fn patch(&mut self, id: SecretId, gives_value: bool, name: Option<String>) {
        let (stamp, Some(before)) = (self.random.text(12), self.row(id)) else { return };
        let (mut after, mut patch) = (before.clone(), SecretPatch::default());
        if let Some(name) = name {
            patch.name = SecretName::parse(&name).ok();
            after.name = name;
        } else {
            patch.kind = SecretType::parse(&stamp).map_or(Patch::Keep, Patch::Set);
            patch.metadata = MetadataPatch::Merge(MetadataObject(stamped(&stamp)));
            after.stamp.clone_from(&stamp);
        }
        if gives_value {
            patch.value = SecretValue::parse(value_of(&stamp)).ok();
            after.value = stamp;
        }
        let action = if gives_value { Action::SecretRotate } else { Action::SecretUpdate };
        let (engine, caller, change) = self.begin(id, action, before, Some(after));
        let had_failed = self.shared.disk.has_failed_to_sync();
        let written = engine.patch_secret(&caller, id, patch).await;
        self.end(change, had_failed, written.map(|view| view.columns.id));
    }

    async fn delete(&mut self, id: SecretId, by_name: bool) {
        let Some(before) = self.row(id) else { return };
        let name = before.name.clone();
        let (engine, caller, change) = self.begin(id, Action::SecretDelete, before, None);
        let had_failed = self.shared.disk.has_failed_to_sync();
        let deleted = if by_name {
            engine.delete_secret_named(&caller, OrgChoice::Unnamed, &name).await
        } else {
            engine.delete_secret(&caller, id).await
        };
        self.end(change, had_failed, deleted.map(|view| view.columns.id));
    }

    /// A change of a secret begins.
    fn begin(
        &self,
        id: SecretId,
        action: Action,
        before: Row,
        after: Option<Row>,
    ) -> (std::sync::Arc<Engine>, Caller, Change) {
        let (caller, request) = self.shared.running.owner();
        (self.engine(), caller, Change { request, action, effect: Effect::Change { id, before, after } })
    }

    /// It was answered.
    fn end(&self, change: Change, had_failed: bool, answered: Result<SecretId, Error>) {
        let effect = change.effect.clone();
        self.told(change, had_failed, answered, |known, id| match &effect {
            Effect::Change { id: own, after: Some(after), .. } if *own == id => {
                known.rows.insert(id, after.clone());
                Ok(())
            }
            Effect::Change { id: own, after: None, .. } if *own == id => {
                known.rows.remove(&id);
                Ok(())
            }
            Effect::Create(_) | Effect::Change { .. } | Effect::MakeKey(_) | Effect::RevokeKey(_) => {
                Err(format!("{effect:?} was done to another row"))
            }
        });
    }

    async fn make_key(&mut self, name: String) {
        let Ok(key_name) = OrgName::parse(&name) else { return };
        let (caller, request) = self.shared.running.owner();
        let change = Change { request, action: Action::ApiKeyCreate, effect: Effect::MakeKey(name.clone()) };
        let new =
            keyholt_engine::NewApiKey { name: key_name, ..TestEngine::new_key(Rights::of(&[Right::Read])) };
        let (engine, had_failed) = (self.engine(), self.shared.disk.has_failed_to_sync());
        let made = engine.create_api_key(&caller, new).await;
        self.told(change, had_failed, made, |known, issued| {
            #[expect(clippy::disallowed_methods, reason = "EXPOSE: a test presents the API key it made")]
            let text = issued.token.expose().to_owned();
            known.keys.insert(name, Key { id: issued.api_key.id, text, is_revoked: false });
            Ok(())
        });
    }

    async fn revoke_key(&mut self, name: &str) {
        let Some(id) = self.shared.known.borrow().keys.get(name).map(|key| key.id) else { return };
        let (caller, request) = self.shared.running.owner();
        let change = Change { request, action: Action::ApiKeyRevoke, effect: Effect::RevokeKey(id) };
        let (engine, had_failed) = (self.engine(), self.shared.disk.has_failed_to_sync());
        let revoked = engine.revoke_api_key(&caller, id).await;
        self.told(change, had_failed, revoked, |known, _| {
            if let Some(key) = known.keys.get_mut(name) {
                key.is_revoked = true;
            }
            Ok(())
        });
    }

    async fn reveal(&mut self, id: SecretId) {
        let Some(row) = self.row(id) else { return };
        let (caller, request) = self.shared.running.owner();
        self.shared.known.borrow_mut().looks.insert(request);
        let had_failed = self.shared.disk.has_failed_to_sync();
        let revealed = self.engine().reveal_secret(&caller, id).await;
        let known = &mut self.shared.known.borrow_mut();
        match revealed {
            Ok(_) if had_failed => {
                known.is_wrong(format!("{request} was given a value after a sync had failed"))
            }
            Ok(revealed) => {
                #[expect(clippy::disallowed_methods, reason = "EXPOSE: a test compares the value it stored")]
                let is_right = revealed.value.is_some_and(|value| value.expose() == value_of(&row.value));
                if !is_right {
                    known.is_wrong(format!("{row:?} has another value"));
                }
            }
            Err(error) if is_refusal(error) || !self.shared.disk.is_on() => {}
            Err(error) => known.is_wrong(format!("{row:?} does not open: {error}")),
        }
    }

    /// What came of a change.
    fn told<T>(
        &self,
        change: Change,
        had_failed: bool,
        answered: Result<T, Error>,
        apply: impl FnOnce(&mut Testimony, T) -> Result<(), String>,
    ) {
        let known = &mut **self.shared.known.borrow_mut();
        match answered {
            Ok(_) if had_failed => known.is_wrong(format!("acknowledged after a sync had failed: {change:?}")),
            Ok(answer) => {
                known.acknowledged.insert(change.request, change.action);
                if let Err(what) = apply(known, answer) {
                    known.is_wrong(what);
                }
            }
            // Nobody hears what a machine says that is off.
            Err(_) if !self.shared.disk.is_on() => known.unknown.push(change),
            Err(Error::OutcomeUnknown) => known.unknown.push(change),
            Err(error) if is_refusal(error) => known.refused += 1,
            Err(error) => known.is_wrong(format!("{change:?} was answered with: {error}")),
        }
    }
}

/// What a caller may be told when nothing was changed and it is no fault of theirs.
fn is_refusal(error: Error) -> bool {
    matches!(error, Error::Busy | Error::Internal | Error::OutcomeUnknown)
}

fn stamped(stamp: &str) -> Map<String, Value> {
    Map::from_iter([("stamp".to_owned(), Value::from(stamp))])
}

fn new_secret(name: &str, stamp: &str) -> Option<NewSecret> {
    Some(NewSecret {
        name: SecretName::parse(name).ok()?,
        kind: SecretType::parse(stamp).ok(),
        metadata: Metadata::new(stamped(stamp)).ok(),
        description: None,
        value: SecretValue::parse(value_of(stamp)).ok(),
        ttl: None,
    })
}

/// Copies the log into the database from a connection of its own, as the writer's does by itself after 4000 pages.
fn checkpoint(disk: &Disk) -> rusqlite::Result<()> {
    let connection = Connection::open(disk.folder().join("keyholt.db"))?;
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// The id of a request that looks.
pub(super) fn look(running: &Running, known: &mut Testimony) -> (Caller, RequestId) {
    let (caller, request) = running.owner();
    known.looks.insert(request);
    (caller, request)
}
