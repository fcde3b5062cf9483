//! Backups under load: each is restored elsewhere and is the store as it was at one moment, which its own audit log tells
//! (design/security.md A11).

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use crate::crash::{Acknowledged, AuditLog, Load, Rows, Testimony, reveal, survey};
use crate::{Random, Server, Setup};

/// How many backups, of what.
#[derive(Clone, Debug)]
pub struct BackupOptions {
    /// The program.
    pub program: PathBuf,
    /// How many backups.
    pub count: u64,
    /// How many workers write at a time.
    pub workers: usize,
    /// Repeats a run as far as threads allow.
    pub seed: u64,
}

/// What backups come to.
#[derive(Clone, Copy, Debug, Default)]
pub struct BackupFigures {
    /// Backups that were taken, restored and compared.
    pub backups: u64,
    /// Writes that were acknowledged meanwhile.
    pub acknowledged: usize,
    /// Of these, such while a backup was being taken.
    pub meanwhile: usize,
    /// Rows that were compared.
    pub rows: usize,
    /// Values that were opened and compared.
    pub revealed: usize,
}

impl BackupFigures {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "{} backups under load, restored: 0 differences in {} rows, {} values opened; {} acknowledged writes, {} of \
             them while a backup was being taken",
            self.backups, self.rows, self.revealed, self.acknowledged, self.meanwhile
        )
    }
}

/// After so many backups a store has had its time: what is copied grows with its audit log.
const BACKUPS_OF_A_STORE: u64 = 20;

/// Takes backups under load and restores them; tells `progress` after each how many there were.
///
/// # Errors
/// In words, with the number of the backup and the seed, when one cannot be restored or is not the store of one moment.
pub fn backups(options: &BackupOptions, mut progress: impl FnMut(u64)) -> Result<BackupFigures, String> {
    let mut random = Random::new(options.seed);
    let mut figures = BackupFigures::default();
    while figures.backups < options.count {
        let of_this_store = BACKUPS_OF_A_STORE.min(options.count - figures.backups);
        let mut store = Store::new(options)?;
        for _ in 0..of_this_store {
            let number = figures.backups + 1;
            let of = |problem| format!("backup {number} of KEYHOLT_SEED={}: {problem}", options.seed);
            store.back_up(options, &mut random, &mut figures).map_err(of)?;
            figures.backups = number;
            progress(number);
        }
    }
    Ok(figures)
}

/// A store under load, and all that was ever acknowledged by it.
struct Store {
    setup: Setup,
    server: Server,
    load: Load,
}

impl Store {
    fn new(options: &BackupOptions) -> Result<Self, String> {
        // All workers have one API key and go as fast as they can.
        let setup = Setup::new(&options.program).map_err(words)?.variable("KEYHOLT_LIMITS_PER_API_KEY", "0");
        let server = setup.start().map_err(|problem| format!("does not start: {problem:?}"))?;
        Ok(Self { setup, server, load: Load::new(options.workers) })
    }

    fn back_up(
        &mut self,
        options: &BackupOptions,
        random: &mut Random,
        figures: &mut BackupFigures,
    ) -> Result<(), String> {
        let new = Setup::new(&options.program).map_err(words)?.variable("KEYHOLT_LIMITS_PER_API_KEY", "0");
        let file = new.folder().join("backup.db");
        let file = file.to_str().ok_or("no path")?;
        let (before, after) = (random.below(100) + 20, random.below(50) + 10);
        let Self { setup, server, load } = self;
        let acknowledged_before = count(load);
        let mut first_log = AuditLog::default();
        // Nothing is acknowledged between the two, so that all of it must be in the backup.
        let must: BTreeSet<String> = first_log.requests(&mut server.client())?.into_iter().collect();
        load.run(server, random, |until| {
            until.writes(before)?;
            command(setup, &["backup", file])?;
            until.writes(after)
        })?;
        figures.acknowledged += count(load) - acknowledged_before;
        let root_key = "data.root-key";
        fs::copy(setup.folder().join(root_key), new.folder().join(root_key)).map_err(words)?;
        command(&new, &["verify", "--backup", file])?;
        command(&new, &["restore", file])?;
        let restored =
            new.start().map_err(|problem| format!("what was restored does not start: {problem:?}"))?;
        let mut client = restored.client();
        let log: BTreeSet<String> = AuditLog::default().requests(&mut client)?.into_iter().collect();
        if let Some(lost) = must.difference(&log).next() {
            return Err(format!("what was acknowledged before is not there: request {lost}"));
        }
        let there = survey(&mut client)?;
        for (number, known) in self.load.testimonies.iter().enumerate() {
            let rows = there.get(&number).cloned().unwrap_or_default();
            let (expected, left) =
                rows_at(known, &log).map_err(|problem| format!("worker {number}: {problem}"))?;
            if rows != expected {
                return Err(format!("worker {number}: by its audit log {expected:?}, but there is {rows:?}"));
            }
            figures.rows += rows.len();
            figures.meanwhile += left;
        }
        let known: usize = self.load.testimonies.iter().map(|known| known.acknowledged.len()).sum();
        if log.len() > known {
            return Err(format!("{} events of {known} writes", log.len()));
        }
        figures.revealed += reveal(&mut client, &there, None)?;
        let ended = restored.stop().map_err(words)?;
        if ended.success() { Ok(()) } else { Err(format!("does not end well: {ended:?}")) }
    }
}

/// The rows of a worker when only what this log tells of was done, and how many of its writes came later. A worker's writes
/// come one after the other, so that those of one moment are the first ones.
fn rows_at(known: &Testimony, log: &BTreeSet<String>) -> Result<(Rows, usize), String> {
    let is_there = |write: &&Acknowledged| log.contains(&write.request_id);
    let done = known.acknowledged.iter().take_while(is_there).count();
    if let Some(later) = known.acknowledged.iter().skip(done).find(is_there) {
        return Err(format!("a write is there, but not the one before it: {later:?}"));
    }
    let mut rows = Rows::new();
    known.acknowledged.iter().take(done).for_each(|one| one.write.apply(&one.id, &mut rows));
    Ok((rows, known.acknowledged.len() - done))
}

fn count(load: &Load) -> usize {
    load.testimonies.iter().map(|known| known.acknowledged.len()).sum()
}

fn command(setup: &Setup, line: &[&str]) -> Result<(), String> {
    let finished = setup.run(line, b"").map_err(words)?;
    if finished.success() { Ok(()) } else { Err(format!("keyholt {}: {finished:?}", line.join(" "))) }
}

fn words(problem: io::Error) -> String {
    problem.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::{Row, Wire, Write};

    #[test]
    fn writes_of_two_moments_are_told() {
        let one = |request: &str, id: &str| {
            let row = Row { wire: Wire::Together, name: id.to_owned(), stamp: request.to_owned() };
            let write = Write { action: "secret.create", id: None, after: Some(row) };
            Acknowledged { request_id: request.to_owned(), id: id.to_owned(), write }
        };
        let known = Testimony { acknowledged: vec![one("1", "a"), one("2", "b")], ..Testimony::default() };
        let at = |log: &[&str]| {
            let log = log.iter().map(|request| (*request).to_owned()).collect();
            rows_at(&known, &log).map(|(rows, left)| (rows.len(), left))
        };
        assert_eq!(at(&[]), Ok((0, 2)));
        assert_eq!(at(&["1"]), Ok((1, 1)));
        assert_eq!(at(&["1", "2"]), Ok((2, 0)));
        assert!(at(&["2"]).is_err());
    }
}
