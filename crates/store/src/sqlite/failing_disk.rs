//! What the writer does when the disk fails where SQLite says so late, or would say nothing: with a long log.

use std::sync::{Arc, Mutex};

use keyholt_testkit::disk::{Disk, Image, Kind, Lasting, Plan};
use keyholt_types::{
    Action, AuditEvent, ChainId, EventId, OrgId, Outcome, SecretId, Subject, SubjectKind, Timestamp,
};

use super::open;
use super::writer::Writer;
use crate::changes::{Audited, ChainStart};
use crate::{Changes, CommitError, OrgRow};

/// About as many bytes as make 250 pages of the log.
const LARGE: usize = 1_000_000;

/// A change that takes this much room.
fn change(number: u8, bytes: usize) -> Audited {
    let name = "x".repeat(bytes).into();
    let event = AuditEvent {
        id: EventId::MIN,
        at: Timestamp::from_micros(0),
        org: None,
        request: None,
        api_key: None,
        principal: None,
        address: None,
        action: Action::OrgCreate,
        subject: Subject { kind: SubjectKind::Org, id: SecretId::MIN.uuid(), name },
        outcome: Outcome::Done,
        count: 1,
    };
    let id = OrgId::from_slice(&[number; 16]).unwrap();
    let row = OrgRow { id, name: number.to_string().into(), created_at: Timestamp::from_micros(0) };
    Changes::new().insert_org(&row).record(event)
}

/// A store on a disk of its own, with its folder.
struct Setting {
    writer: Option<Writer>,
    disk: Disk,
    folder: tempfile::TempDir,
}

impl Setting {
    /// A log of just under 4000 pages, all of them synced.
    async fn with_a_long_log() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::mount(folder.path(), Image::default(), 1).unwrap();
        let file = open::make_database_file(folder.path()).unwrap();
        let connection = open::open_for_writing(&file).unwrap();
        let writer = Writer::start(Arc::new(Mutex::new(connection))).unwrap();
        let step = Arc::new(|_: &[u8], _: &[u8]| [0; 32]);
        writer.begin_chain(ChainStart { make_id: Arc::new(|| ChainId::MIN), ring_generation: 1, step });
        let setting = Self { writer: Some(writer), disk, folder };
        for number in 1..=15 {
            setting.commit(number, LARGE).await.unwrap();
        }
        setting
    }

    async fn commit(&self, number: u8, bytes: usize) -> Result<(), CommitError> {
        self.writer.as_ref().unwrap().commit(change(number, bytes)).await
    }

    /// Whether the storage says that it has failed for good, and acknowledges nothing any more.
    async fn has_failed(&self) -> bool {
        let refused = self.commit(200, 1).await.is_err();
        let failed = std::pin::pin!(self.writer.as_ref().unwrap().failed());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        refused && failed.poll(&mut context).is_ready()
    }

    /// The organisations that are there after the power was cut.
    fn found_after_cut(mut self, seed: u64) -> Vec<String> {
        self.disk.cut();
        drop(self.writer.take());
        self.disk.restart(seed);
        let connection = open::open_for_reading(&self.folder.path().join(open::DATABASE)).unwrap();
        let mut names = connection.prepare("SELECT name FROM orgs ORDER BY id").unwrap();
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}

fn numbers(to: u8) -> Vec<String> {
    (1..=to).map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn no_sync_that_fails_is_passed_over_also_while_the_log_is_copied() {
    // Of the log with the change, of the log before it is copied, of the database that it is copied into.
    for sync in 1..=3 {
        let setting = Setting::with_a_long_log().await;
        setting.disk.set_plan(Plan { fail_kind: Some((Kind::Sync, sync)), ..Plan::default() });
        let committed = setting.commit(16, LARGE).await;
        assert_eq!(committed.is_ok(), sync > 1, "sync {sync}: {committed:?}");
        assert!(setting.has_failed().await, "sync {sync}");
        let found = setting.found_after_cut(sync);
        assert!(found == numbers(16) || committed.is_err() && found == numbers(15), "sync {sync}: {found:?}");
    }
}

#[tokio::test]
async fn a_commit_that_fails_after_its_sync_is_not_called_undone() {
    let setting = Setting::with_a_long_log().await;
    // So many pages need another part of the log's index, which SQLite asks for when all of them are synced.
    setting.disk.set_plan(Plan { fail_kind: Some((Kind::MapMemory, 1)), ..Plan::default() });
    let committed = setting.commit(16, 3 * LARGE / 2).await;
    assert!(matches!(committed, Err(CommitError::OutcomeUnknown)), "{committed:?}");
    assert!(setting.has_failed().await);
    assert_eq!(setting.found_after_cut(1), numbers(16));
}

#[tokio::test]
async fn a_long_log_is_copied_and_begun_again() {
    let setting = Setting::with_a_long_log().await;
    setting.commit(16, LARGE).await.unwrap();
    let connection = open::open_for_reading(&setting.folder.path().join(open::DATABASE)).unwrap();
    setting.commit(17, 1).await.unwrap();
    let pages: i64 = connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1)).unwrap();
    assert!(pages < 100, "{pages}");
}

#[test]
fn a_database_that_could_not_be_given_a_log_is_not_opened() {
    let mut refused = 0;
    for at in 1..=30 {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::mount(folder.path(), Image::default(), at).unwrap();
        let file = open::make_database_file(folder.path()).unwrap();
        disk.set_plan(Plan { fail_at: Some((at, Lasting::Once)), ..Plan::default() });
        let Ok(connection) = open::open_for_writing(&file) else {
            refused += 1;
            continue;
        };
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal", "operation {at}");
    }
    assert!(refused > 10, "{refused}");
}
