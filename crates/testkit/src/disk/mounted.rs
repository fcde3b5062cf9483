//! The disk as a test has it in hand.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::gate::Gate;
use super::machine::{Files, Machine};
use super::mount::Mounted;
use super::operation::Plan;
use super::{registry, vfs};

/// What is on a platter.
#[derive(Clone, Default, Debug)]
pub struct Image(Files);

/// A disk in memory that SQLite, and nobody else, finds in place of a folder. One that is dropped is found no more.
pub struct Disk {
    folder: PathBuf,
    mounted: Arc<Mounted>,
}

impl Disk {
    /// Puts a disk in the place of a folder, which must be there. The seed is that of what is random in the disk.
    ///
    /// # Errors
    /// When there is no such folder, or SQLite takes no VFS.
    pub fn mount(folder: &Path, image: Image, seed: u64) -> io::Result<Self> {
        vfs::register()?;
        // As SQLite makes paths whole.
        let folder = folder.canonicalize()?;
        let machine = Mutex::new(Machine::new(image.0, seed));
        let mounted = Arc::new(Mounted { machine, gate: Gate::default() });
        registry::add(&folder, &mounted);
        Ok(Self { folder, mounted })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Who lets other threads go on.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.mounted.gate
    }

    /// From now on this goes wrong. Operations are counted anew.
    pub fn set_plan(&self, plan: Plan) {
        self.mounted.machine().set_plan(plan);
    }

    /// How many operations there were since the last plan.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.mounted.machine().operations()
    }

    /// A number that is equal when the operations since the last plan were.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.mounted.machine().trace()
    }

    /// Whether the power is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.mounted.machine().is_on()
    }

    /// Whether a sync of a file has failed since the machine was switched on.
    #[must_use]
    pub fn has_failed_to_sync(&self) -> bool {
        self.mounted.machine().has_failed_to_sync()
    }

    /// Cuts the power. Whoever has files open gets errors from now on.
    pub fn cut(&self) {
        self.mounted.machine().cut();
    }

    /// Switches the machine on, after cutting the power if it was on. The seed decides what is left of what was not synced;
    /// nothing goes wrong any more, until there is another plan.
    pub fn restart(&self, seed: u64) {
        self.mounted.machine().restart(seed);
    }

    /// What would be found if the power were cut now.
    #[must_use]
    pub fn image(&self, seed: u64) -> Image {
        Image(self.mounted.machine().after_cut(seed))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        registry::remove(&self.folder);
    }
}
