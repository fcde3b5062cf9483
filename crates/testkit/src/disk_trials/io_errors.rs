//! Operations that fail, one after the other.

use std::path::Path;

use keyholt_crypto::LocalRootKey;

use super::figures::TrialFigures;
use super::installation::Installation;
use super::panics;
use super::power::write;
use super::survey::survey;
use super::testimony::Testimony;
use crate::Random;
use crate::disk::{Image, Lasting, Plan};

/// How a trial comes to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The power is cut. Writes that fail say that the disk is full.
    PowerCut,
    /// The store is closed; the machine goes on.
    Closed,
}

/// What trials begin with.
pub struct IoErrors {
    folder: Box<Path>,
    root_key: String,
    seed: u64,
}

impl IoErrors {
    /// Trials in the place of this folder. The seed is that of what callers do, which is the same in each.
    ///
    /// # Errors
    /// In words, when there are no random numbers.
    pub fn new(folder: &Path, seed: u64) -> Result<Self, String> {
        panics::watch();
        let root_key = LocalRootKey::generate_text().map_err(|problem| problem.to_string())?.to_string();
        Ok(Self { folder: folder.into(), root_key, seed })
    }

    /// A store is made on an empty disk and written to, while the operation of this number fails. Afterwards it must
    /// open, and be what callers were told: a change was refused and not done, or acknowledged and is there. None when
    /// there were not so many operations.
    ///
    /// # Errors
    /// In words, when it is not.
    pub fn trial(&self, at: u64, lasting: Lasting, ending: Ending) -> Result<Option<TrialFigures>, String> {
        panics::without(|| self.fail_and_look(at, lasting, ending))
    }

    fn fail_and_look(&self, at: u64, lasting: Lasting, ending: Ending) -> Result<Option<TrialFigures>, String> {
        let mut random = Random::new(self.seed);
        let installation = Installation::new(&self.folder, Image::default(), &self.root_key, at)?;
        let disk = &installation.disk;
        let mut known = Testimony::default();
        let mut figures = TrialFigures { trials: 1, ..TrialFigures::default() };
        let is_full = ending == Ending::PowerCut;
        disk.set_plan(Plan { fail_at: Some((at, lasting)), is_full, ..Plan::default() });
        match installation.open() {
            Ok(running) => {
                write(&installation, &running, &mut random, &mut known, false)?;
                if ending == Ending::PowerCut {
                    disk.cut();
                }
            }
            Err(_) if disk.operations() >= at => figures.refused_starts += 1,
            Err(refused) => return Err(format!("the store does not open: {refused}")),
        }
        figures.operations = disk.operations();
        match ending {
            Ending::PowerCut => {
                figures.cuts += 1;
                disk.restart(at);
            }
            Ending::Closed => disk.set_plan(Plan::default()),
        }
        let running = installation.open().map_err(|refused| format!("the store does not open: {refused}"))?;
        survey(&installation, &running, &mut known, &mut figures)?;
        figures.acknowledged = known.acknowledged.len() as u64 - figures.turned_out_done;
        Ok((figures.operations >= at).then_some(figures))
    }
}
