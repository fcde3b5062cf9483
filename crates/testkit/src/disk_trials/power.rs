//! Power cuts, by seeds.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use keyholt_crypto::LocalRootKey;

use super::caller::{Shared, Worker};
use super::figures::TrialFigures;
use super::installation::{Installation, Running};
use super::panics;
use super::survey::survey;
use super::testimony::Testimony;
use super::turns::{Turn, run_all};
use crate::Random;
use crate::disk::{Image, Plan};

/// How many callers write at the same time.
const CALLERS: usize = 4;
/// How often each asks between two cuts.
const TIMES: usize = 8;
/// Cuts come among so many operations: some rounds end before theirs, and are cut at their end.
const OPERATIONS: u64 = 420;
/// The same where the store must be made first.
const FIRST_OPERATIONS: u64 = 1100;
/// A cut while a store is opened after a cut comes among so many.
const OPENING: u64 = 90;

/// How trials are run.
#[derive(Clone, Copy, Default, Debug)]
pub struct PowerOptions {
    /// The disk says that syncs were done and does nothing: losses must be found.
    pub lies: bool,
}

/// What trials begin with.
pub struct Power {
    folder: Box<Path>,
    founded: Image,
    root_key: String,
    options: PowerOptions,
}

impl Power {
    /// Trials in the place of this folder, of which nothing but the lock is used.
    ///
    /// # Errors
    /// In words, when no store can be made there.
    pub fn new(folder: &Path, options: PowerOptions) -> Result<Self, String> {
        panics::watch();
        let root_key = LocalRootKey::generate_text().map_err(|problem| problem.to_string())?.to_string();
        let founded = Installation::founded(folder, &root_key)?;
        Ok(Self { folder: folder.into(), founded, root_key, options })
    }

    /// One to three cuts, each followed by a look at everything.
    ///
    /// # Errors
    /// In words, when what is there is not what callers were told.
    pub fn trial(&self, seed: u64) -> Result<TrialFigures, String> {
        panics::without(|| self.cut_and_look(seed))
    }

    fn cut_and_look(&self, seed: u64) -> Result<TrialFigures, String> {
        let mut random = Random::new(seed);
        let begins_empty = random.below(8) == 0;
        let image = if begins_empty { Image::default() } else { self.founded.clone() };
        let installation = Installation::new(&self.folder, image, &self.root_key, random.next_u64())?;
        let mut known = Testimony::default();
        let mut figures = TrialFigures { trials: 1, ..TrialFigures::default() };
        for round in 0..=random.below(3) {
            let most = if begins_empty && round == 0 { FIRST_OPERATIONS } else { OPERATIONS };
            let plan =
                Plan { cut_at: Some(1 + random.below(most)), lies: self.options.lies, ..Plan::default() };
            self.until_cut(&installation, plan, &mut random, &mut known, &mut figures)?;
            self.look(&installation, &mut random, &mut known, &mut figures)?;
        }
        figures.acknowledged = known.acknowledged.len() as u64 - figures.turned_out_done;
        Ok(figures)
    }

    /// What was asked of the disk up to the first cut of a seed, in one number.
    ///
    /// # Errors
    /// As [`trial`](Self::trial).
    pub fn trace(&self, seed: u64) -> Result<u64, String> {
        let mut random = Random::new(seed);
        let installation = Installation::new(&self.folder, self.founded.clone(), &self.root_key, seed)?;
        let running = installation.open()?;
        installation.disk.set_plan(Plan::default());
        write(&installation, &running, &mut random, &mut Testimony::default(), true)?;
        Ok(installation.disk.trace())
    }

    fn until_cut(
        &self,
        installation: &Installation,
        plan: Plan,
        random: &mut Random,
        known: &mut Testimony,
        figures: &mut TrialFigures,
    ) -> Result<(), String> {
        let disk = &installation.disk;
        disk.set_plan(plan);
        match installation.open() {
            Ok(running) => {
                write(installation, &running, random, known, true)?;
                disk.cut();
            }
            Err(_) if !disk.is_on() => figures.cuts_while_opening += 1,
            Err(refused) => return Err(format!("the store does not open: {refused}")),
        }
        figures.operations += disk.operations();
        figures.cuts += 1;
        disk.restart(random.next_u64());
        Ok(())
    }

    /// Opens, in three of ten cases with another cut while that is done, and compares. Ends in order.
    fn look(
        &self,
        installation: &Installation,
        random: &mut Random,
        known: &mut Testimony,
        figures: &mut TrialFigures,
    ) -> Result<(), String> {
        let disk = &installation.disk;
        while random.below(10) < 3 {
            disk.set_plan(Plan {
                cut_at: Some(1 + random.below(OPENING)),
                lies: self.options.lies,
                ..Plan::default()
            });
            let opened = installation.open();
            match &opened {
                Err(refused) if disk.is_on() => return Err(format!("the store does not open: {refused}")),
                Ok(_) | Err(_) => disk.cut(),
            }
            drop(opened);
            figures.cuts += 1;
            figures.cuts_while_opening += 1;
            disk.restart(random.next_u64());
        }
        let running = installation.open().map_err(|refused| format!("the store does not open: {refused}"))?;
        survey(installation, &running, known, figures)
    }
}

/// Callers write at the same time.
pub(super) fn write(
    installation: &Installation,
    running: &Running,
    random: &mut Random,
    known: &mut Testimony,
    has_outsider: bool,
) -> Result<(), String> {
    let disk = &installation.disk;
    let shared = Rc::new(Shared { disk, running, known: RefCell::new(known), has_outsider });
    let turns = (0..CALLERS).map(|number| {
        let worker = Worker { number, shared: Rc::clone(&shared), random: random.fork() };
        Box::pin(worker.work(TIMES)) as Turn<'_>
    });
    run_all(disk.gate(), turns.collect())?;
    let wrong = shared.known.borrow_mut().wrong.take();
    wrong.map_or(Ok(()), Err)
}
