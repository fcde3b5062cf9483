//! The copy itself.

use super::course::{CopyProgress, CopyStage, Count, Course};
use super::edit::Edit;
use super::rows::{BATCH, Pair, Place};
use super::tables::{TABLES, Table};
use super::{CopyError, CopySource, CopyTarget};

/// What a copy did.
#[derive(Debug)]
pub struct CopyReport {
    /// Each table, with what was done to it. All rows of all tables were compared afterwards, and are equal.
    pub tables: Vec<CopiedTable>,
    /// Whether the target can be served. Where the source was in use it is not: what was written there meanwhile is
    /// still to come, with the same copy again once the source has stopped.
    pub is_finished: bool,
}

/// What a copy did to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopiedTable {
    /// The table.
    pub name: &'static str,
    /// Its rows, equal in source and target.
    pub rows: u64,
    /// Rows that were added.
    pub added: u64,
    /// Rows that were there, and have been overwritten.
    pub changed: u64,
    /// Rows that were there, and have been removed.
    pub removed: u64,
}

/// Makes the target equal to the source as it was when that was opened, then compares every row of both. What is
/// equal already is not written again, so that a copy that was cut off goes on where it was.
///
/// # Errors
/// When there is nothing to copy, the target is neither empty nor an unfinished copy of the same installation, one of
/// them does not answer, or they differ at the end. A target that is not whole then stays marked as one, and can be
/// neither served nor copied.
pub async fn copy(
    source: &CopySource,
    target: CopyTarget,
    watch: &mut dyn FnMut(CopyProgress),
) -> Result<CopyReport, CopyError> {
    target.begin(&source.deployment().await?).await?;
    let mut counts = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        counts.push(Count { there: target.count(table).await?, to_be: source.count(table).await? });
    }
    let mut course = Course::of(&counts, watch);
    let mut tables: Vec<CopiedTable> = TABLES
        .iter()
        .map(|table| CopiedTable { name: table.name, rows: 0, added: 0, changed: 0, removed: 0 })
        .collect();
    // Rows that refer to others go before those, and come after them.
    for ((table, copied), count) in TABLES.iter().zip(&mut tables).zip(&counts).rev() {
        course.begin(CopyStage::Reading, table, count);
        clear(source, &target, table, copied, &mut course).await?;
    }
    for ((table, copied), count) in TABLES.iter().zip(&mut tables).zip(&counts) {
        course.begin(CopyStage::Writing, table, count);
        fill(source, &target, table, copied, &mut course).await?;
    }
    for ((table, copied), count) in TABLES.iter().zip(&mut tables).zip(&counts) {
        course.begin(CopyStage::Comparing, table, count);
        compare(source, &target, table, copied, &mut course).await?;
    }
    course.end();
    let is_finished = target.end(source.is_in_use()).await?;
    // The parts of a table are one to whoever reads of it.
    tables.dedup_by(|part, whole| {
        let is_part = part.name == whole.name;
        if is_part {
            whole.rows += part.rows;
            whole.added += part.added;
            whole.changed += part.changed;
            whole.removed += part.removed;
        }
        is_part
    });
    Ok(CopyReport { tables, is_finished })
}

/// Removes rows that the source has not, and moves those aside that differ, so that every name is free for whoever has
/// it in the source.
async fn clear(
    source: &CopySource,
    target: &CopyTarget,
    table: &'static Table,
    copied: &mut CopiedTable,
    course: &mut Course<'_>,
) -> Result<(), CopyError> {
    let mut edits = Edits::new(target, table);
    let mut pair = Pair::new(source, target, table);
    // Of an empty target nothing is read, and nothing of the source.
    while pair.target.peek().await?.is_some() {
        course.step();
        match pair.next().await? {
            Some(Place::Extra(cells)) => {
                copied.removed += 1;
                edits.push(Edit::Delete(table.key_of(&cells).to_vec())).await?;
            }
            Some(Place::Different(cells)) if !table.unique.is_empty() => {
                edits.push(Edit::SetAside(table.key_of(&cells).to_vec())).await?;
            }
            Some(Place::Different(_) | Place::Missing(_) | Place::Same) | None => {}
        }
    }
    edits.flush().await
}

async fn fill(
    source: &CopySource,
    target: &CopyTarget,
    table: &'static Table,
    copied: &mut CopiedTable,
    course: &mut Course<'_>,
) -> Result<(), CopyError> {
    let mut edits = Edits::new(target, table);
    let mut pair = Pair::new(source, target, table);
    while let Some(place) = pair.next().await? {
        course.step();
        match place {
            Place::Missing(cells) => {
                copied.added += 1;
                edits.push(Edit::Insert(cells)).await?;
            }
            Place::Different(cells) => {
                copied.changed += 1;
                edits.push(Edit::Update(cells)).await?;
            }
            Place::Extra(_) | Place::Same => {}
        }
    }
    edits.flush().await
}

async fn compare(
    source: &CopySource,
    target: &CopyTarget,
    table: &'static Table,
    copied: &mut CopiedTable,
    course: &mut Course<'_>,
) -> Result<(), CopyError> {
    let (mut pair, mut differing) = (Pair::new(source, target, table), 0);
    while let Some(place) = pair.next().await? {
        course.step();
        match place {
            Place::Same => copied.rows += 1,
            Place::Missing(_) | Place::Extra(_) | Place::Different(_) => differing += 1,
        }
    }
    if differing > 0 {
        return Err(CopyError::Differs { table: table.name, rows: differing });
    }
    Ok(())
}

/// Edits of one table, carried out many at a time.
struct Edits<'a> {
    target: &'a CopyTarget,
    table: &'static Table,
    waiting: Vec<Edit>,
}

impl<'a> Edits<'a> {
    fn new(target: &'a CopyTarget, table: &'static Table) -> Self {
        Self { target, table, waiting: Vec::with_capacity(BATCH) }
    }

    async fn push(&mut self, edit: Edit) -> Result<(), CopyError> {
        self.waiting.push(edit);
        if self.waiting.len() >= BATCH { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), CopyError> {
        if !self.waiting.is_empty() {
            self.target.write(self.table, &self.waiting).await?;
            self.waiting.clear();
        }
        Ok(())
    }
}
