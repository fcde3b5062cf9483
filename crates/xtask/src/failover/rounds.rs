//! One change of roles after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use keyholt_testkit::{Deadline, Random, Stopwatch};

use super::audit::AuditLog;
use super::figures::Figures;
use super::installation::{Installation, PATIENCE};
use super::model::{Settled, Testimony};
use super::outage::{make_probe, probe};
use super::survey::{reveal, survey};
use super::worker::{Signals, work};

/// How many writes are acknowledged before a failure, at most.
const BEFORE: u64 = 300;
/// How many are acknowledged after it.
const AFTER: usize = 100;

/// What happens to the primary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    /// SIGKILL to all its processes.
    Killed,
    /// SIGSTOP; SIGCONT when the other one has taken over.
    Frozen,
}

/// Workers and what they know, over all rounds.
pub(super) struct Rounds<'a> {
    installation: &'a mut Installation,
    random: Random,
    testimonies: Vec<Testimony>,
    log: AuditLog,
    probe: String,
}

impl<'a> Rounds<'a> {
    /// Before the first.
    ///
    /// # Errors
    /// When a node refuses.
    pub(super) fn new(installation: &'a mut Installation, workers: usize, seed: u64) -> anyhow::Result<Self> {
        installation.wait_for("replicated")?;
        let probe = make_probe(installation.nodes.first().context("no node")?)?;
        let testimonies = (0..workers).map(|_| Testimony::default()).collect();
        Ok(Self { installation, random: Random::new(seed), testimonies, log: AuditLog::default(), probe })
    }

    /// One: load, failure, promotion, load, a look at everything, and the old primary becomes the standby.
    ///
    /// # Errors
    /// When an acknowledged write is lost, or anything else is not as it must be.
    pub(super) fn round(&mut self, failure: Failure, figures: &mut Figures) -> anyhow::Result<()> {
        self.fail_over(failure, figures).context("under load")?;
        // Nobody follows the new primary yet.
        self.installation.wait_for("local-only")?;
        self.compare(figures)?;
        let pair = &mut self.installation.pair;
        std::mem::swap(&mut pair.primary, &mut pair.standby);
        pair.standby.follow(&pair.primary)?;
        pair.primary.wait_for_standby(Some(&pair.standby))?;
        self.installation.wait_for("replicated")?;
        figures.rounds += 1;
        Ok(())
    }

    fn fail_over(&mut self, failure: Failure, figures: &mut Figures) -> anyhow::Result<()> {
        let signals = Signals::default();
        let before = usize::try_from(self.random.below(BEFORE)).unwrap_or_default();
        let moment = Duration::from_micros(self.random.below(3_000));
        let Self { installation, random, testimonies, probe: id, .. } = self;
        let Installation { pair, nodes } = &mut **installation;
        thread::scope(|scope| {
            let mut workers = Vec::new();
            for ((number, known), node) in testimonies.drain(..).enumerate().zip(nodes.iter().cycle()) {
                let (client, random, signals) = (node.client(), random.fork(), &signals);
                workers.push(scope.spawn(move || work(client, number, random, known, signals)));
            }
            let mut failing = || {
                wait_for_writes(&signals, before)?;
                thread::park_timeout(moment);
                match failure {
                    Failure::Killed => pair.primary.kill()?,
                    Failure::Frozen => pair.primary.freeze()?,
                }
                let promotion = Stopwatch::start();
                let served = probe(nodes, id, promotion, || {
                    pair.standby.promote()?;
                    figures.promotions.push(promotion.elapsed());
                    Ok(())
                })?;
                figures.writes.extend(served.writes);
                figures.reads.extend(served.reads);
                if failure == Failure::Frozen {
                    // It takes itself for the primary; nobody must go back to it.
                    pair.primary.thaw()?;
                }
                wait_for_writes(&signals, signals.acknowledged.load(Ordering::SeqCst) + AFTER)
            };
            let failed = failing();
            signals.is_over.store(true, Ordering::SeqCst);
            for worker in workers {
                let known = worker.join().map_err(|_| anyhow!("a worker panicked"))?;
                testimonies.push(known.map_err(|problem| anyhow!(problem))?);
            }
            failed
        })
    }

    /// Looks at everything through each node in turn: each must give the same.
    fn compare(&mut self, figures: &mut Figures) -> anyhow::Result<()> {
        let words = |problem: String| anyhow!(problem);
        let mut all = Vec::new();
        for node in &self.installation.nodes {
            all.push(survey(&mut node.client()).map_err(words)?);
        }
        let mut there = all.pop().context("no node")?;
        ensure!(all.iter().all(|other| *other == there), "two nodes show different rows");
        let acknowledged: Vec<_> =
            self.testimonies.iter_mut().flat_map(|known| std::mem::take(&mut known.acknowledged)).collect();
        let written: BTreeSet<&str> = acknowledged.iter().map(|write| write.id.as_str()).collect();
        let node = self.installation.nodes.first().context("no node")?;
        let mut client = node.client();
        figures.revealed += reveal(&mut client, &there, &written).map_err(words)?;
        let mut all = Settled::default();
        for (number, known) in self.testimonies.iter_mut().enumerate() {
            figures.refused += std::mem::take(&mut known.refused);
            let settled = known.settle(there.remove(&number).unwrap_or_default());
            let Settled { done, undone } = settled.map_err(|problem| anyhow!("worker {number}: {problem}"))?;
            all.done.extend(done);
            all.undone.extend(undone);
        }
        ensure!(there.values().all(BTreeMap::is_empty), "rows of nobody: {there:?}");
        figures.acknowledged += acknowledged.len();
        figures.unknown.0 += all.done.len();
        figures.unknown.1 += all.undone.len();
        self.log.compare(&mut client, &acknowledged, &all).map_err(words)?;
        node.verify()
    }
}

fn wait_for_writes(signals: &Signals, count: usize) -> anyhow::Result<()> {
    let deadline = Deadline::after(PATIENCE);
    let is_there = deadline.poll(|| {
        let has_failed = signals.has_failed.load(Ordering::SeqCst);
        (has_failed || signals.acknowledged.load(Ordering::SeqCst) >= count).then_some(!has_failed)
    });
    match is_there {
        Some(true) => Ok(()),
        Some(false) => bail!("a worker has ended"),
        None => bail!("writes are not acknowledged"),
    }
}
