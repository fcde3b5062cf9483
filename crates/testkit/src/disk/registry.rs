//! Which folders have disks: SQLite's interface is one for the process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::mount::Mounted;

static FOLDERS: Mutex<BTreeMap<PathBuf, Arc<Mounted>>> = Mutex::new(BTreeMap::new());

pub(super) fn add(folder: &Path, mounted: &Arc<Mounted>) {
    folders().insert(folder.into(), Arc::clone(mounted));
}

pub(super) fn remove(folder: &Path) {
    folders().remove(folder);
}

/// The disk that a file lies on, with the file's name there; none when it is no file of ours.
pub(super) fn find(path: &str) -> Option<(Arc<Mounted>, &str)> {
    let (folder, name) = path.rsplit_once('/')?;
    folders().get(Path::new(folder)).map(|mounted| (Arc::clone(mounted), name))
}

fn folders() -> MutexGuard<'static, BTreeMap<PathBuf, Arc<Mounted>>> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}
