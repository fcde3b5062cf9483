//! How far a copy is on its way.

use super::rows::BATCH;
use super::tables::Table;

/// To write a row counts as much as to read and compare so many: an estimate, which moves the bar evenly enough.
const WRITING: u64 = 3;

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyProgress {
    /// What it does now.
    pub stage: CopyStage,
    /// The table.
    pub table: &'static str,
    /// How much of the work is done, of `total`.
    pub done: u64,
    /// How much work there is, in steps that take about as long as each other; it does not change on the way.
    pub total: u64,
}

/// What a copy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyStage {
    /// What an earlier copy left is looked through.
    Reading,
    /// Rows are written.
    Writing,
    /// All rows of source and target are compared.
    Comparing,
}

/// The rows of one table, counted before anything is copied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    /// In the target, of an earlier copy.
    pub(super) there: u64,
    /// In the source.
    pub(super) to_be: u64,
}

impl Count {
    /// How many rows a stage goes through, and how many steps each of them is.
    const fn work(&self, stage: CopyStage) -> (u64, u64) {
        match stage {
            CopyStage::Reading => (self.there, 1),
            // What is there already is only read again.
            CopyStage::Writing if self.there > 0 => (self.to_be, 1),
            CopyStage::Writing => (self.to_be, WRITING),
            CopyStage::Comparing => (self.to_be, 1),
        }
    }
}

/// Where a copy is on its way.
pub(super) struct Course<'a> {
    at: CopyProgress,
    /// How far it is at the end of this table, at most.
    next: u64,
    rows: u64,
    steps_a_row: u64,
    watch: &'a mut dyn FnMut(CopyProgress),
}

impl<'a> Course<'a> {
    pub(super) fn of(counts: &[Count], watch: &'a mut dyn FnMut(CopyProgress)) -> Self {
        let stages = [CopyStage::Reading, CopyStage::Writing, CopyStage::Comparing];
        let works = counts.iter().flat_map(|count| stages.map(|stage| count.work(stage)));
        let total = works.map(|(rows, steps)| rows * steps).sum();
        let at = CopyProgress { stage: CopyStage::Reading, table: "", done: 0, total };
        Self { at, next: 0, rows: 0, steps_a_row: 1, watch }
    }

    /// A stage of one table begins; what came before it is done.
    pub(super) fn begin(&mut self, stage: CopyStage, table: &'static Table, count: &Count) {
        let (rows, steps) = count.work(stage);
        self.at = CopyProgress { stage, table: table.name, done: self.next, ..self.at };
        self.next += rows * steps;
        self.rows = 0;
        self.steps_a_row = steps;
        if rows > 0 {
            (self.watch)(self.at);
        }
    }

    /// A row was gone through. Source and target may have more between them than was counted.
    pub(super) fn step(&mut self) {
        self.at.done = self.next.min(self.at.done + self.steps_a_row);
        self.rows += 1;
        if self.rows.is_multiple_of(BATCH as u64) {
            (self.watch)(self.at);
        }
    }

    /// All is done.
    pub(super) fn end(&mut self) {
        self.at.done = self.at.total;
        (self.watch)(self.at);
    }
}
