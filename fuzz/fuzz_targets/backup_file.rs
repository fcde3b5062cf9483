//! Backups that were damaged or made up: reading, verifying and copying them.
//!
//! Laws: a file is refused, or its faults are found, or it verifies; what verifies has no more in it than the genuine
//! file had; an untouched one verifies and is copied whole.
#![no_main]

use std::fs;
use std::path::PathBuf;

use arbitrary::Arbitrary;
use keyholt_crypto::LocalRootKey;
use keyholt_engine::{NewSecret, OpenedRows, OrgChoice, verify};
use keyholt_store::{CopySource, CopyTarget, Store, copy};
use keyholt_testkit::TestEngine;
use keyholt_types::{SecretName, SecretValue};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    /// Pieces of the genuine file are written over, and its end is cut off.
    Damaged { pieces: Vec<(u32, &'a [u8])>, cut: Option<u32> },
    /// Any bytes, with the head of a database or without.
    MadeUp { is_database: bool, bytes: &'a [u8] },
}

struct Scene {
    runtime: Runtime,
    folder: TempDir,
    genuine: Vec<u8>,
    root_key: LocalRootKey,
    rows: OpenedRows,
}

thread_local! {
    static SCENE: Scene = Scene::make();
}

impl Scene {
    fn make() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        runtime.block_on(async {
            let engine = TestEngine::on_file(&data).await;
            for number in 0..3 {
                let secret = NewSecret {
                    name: SecretName::parse(&format!("KEY_{number}")).expect("a name"),
                    kind: None,
                    metadata: None,
                    description: None,
                    value: SecretValue::parse("sk-0123456789".to_owned()).ok(),
                    ttl: None,
                };
                engine.engine.create_secret(&engine.owner, OrgChoice::Unnamed, secret).await.expect("a secret");
            }
        });
        let file = folder.path().join("genuine.db");
        runtime.block_on(async {
            let source = CopySource::open_directory(&data).expect("a store");
            let target = CopyTarget::create_file(&file, false).expect("a file");
            copy(&source, target, &mut |_| {}).await.expect("a backup");
        });
        let genuine = fs::read(&file).expect("a backup");
        let root_key = LocalRootKey::load_file(&data.with_extension("root-key")).expect("a root key");
        let mut scene = Self { runtime, folder, genuine, root_key, rows: OpenedRows::default() };
        scene.rows = scene.try_all(&scene.genuine).expect("the genuine file verifies");
        assert_eq!((scene.rows.secrets, scene.rows.values), (3, 3));
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What is in a file that verifies.
    fn try_all(&self, bytes: &[u8]) -> Option<OpenedRows> {
        let file = self.path("tried.db");
        fs::write(&file, bytes).expect("a file");
        let verified = self.runtime.block_on(async {
            let store = Store::open_file_for_reading(&file).ok()?;
            let found = verify(&store, Some(&self.root_key), &mut |_| {}).await.ok()?;
            found.opened.filter(|_| found.faults == 0)
        });
        let is_copied = self.runtime.block_on(async {
            let source = CopySource::open_file(&file).ok()?;
            let target = CopyTarget::create_file(&self.path("copy.db"), true).expect("a file");
            copy(&source, target, &mut |_| {}).await.ok().filter(|report| report.is_finished)
        });
        assert!(verified.is_none() || is_copied.is_some() || bytes != self.genuine, "a backup is not copied");
        verified
    }
}

fuzz_target!(|input: Input<'_>| SCENE.with(|scene| {
    let bytes = match input {
        Input::Damaged { pieces, cut } => {
            let mut bytes = scene.genuine.clone();
            for (place, piece) in pieces {
                let place = place as usize % bytes.len();
                let length = piece.len().min(bytes.len() - place);
                bytes[place..place + length].copy_from_slice(&piece[..length]);
            }
            bytes.truncate(cut.map_or(bytes.len(), |cut| cut as usize % bytes.len()));
            bytes
        }
        Input::MadeUp { is_database, bytes } => {
            let head = if is_database { &scene.genuine[..100] } else { &[] };
            [head, bytes].concat()
        }
    };
    if let Some(rows) = scene.try_all(&bytes) {
        let most = scene.rows;
        assert!(rows.secrets <= most.secrets && rows.values <= most.values && rows.api_keys <= most.api_keys);
        assert!(rows.orgs <= most.orgs && rows.org_keys <= most.org_keys);
    }
}));
