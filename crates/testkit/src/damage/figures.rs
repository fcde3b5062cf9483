//! What damaged copies come to.

use std::collections::BTreeMap;

/// How many copies there were of each outcome. There is none for a wrong answer: that ends a run.
#[derive(Clone, Debug, Default)]
pub struct DamageFigures {
    /// Copies.
    pub copies: u64,
    /// The server refused to start, in one line.
    pub refused: u64,
    /// It started, and said of something that it cannot be read.
    pub errors: u64,
    /// Everything was answered and right: what was harmed is not used, or is in the log again.
    pub right: u64,
    /// Everything was answered as it was before some of the last writes: the log ended early.
    pub earlier: u64,
    /// The same by what was done to which file.
    pub by_harm: BTreeMap<String, [u64; 4]>,
    /// Copies in which an API key was told that it is none: its row is damaged.
    pub not_let_in: u64,
}

impl DamageFigures {
    pub(super) fn add(&mut self, other: &Self) {
        self.copies += other.copies;
        self.refused += other.refused;
        self.errors += other.errors;
        self.right += other.right;
        self.earlier += other.earlier;
        self.not_let_in += other.not_let_in;
        for (harm, counts) in &other.by_harm {
            let sums = self.by_harm.entry(harm.clone()).or_default();
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }

    /// For people: a table by harm, and a line for all.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text =
            format!("{:<18} {:>8} {:>8} {:>8} {:>8}\n", "harm", "refused", "error", "right", "earlier");
        for (harm, [refused, errors, right, earlier]) in &self.by_harm {
            text.push_str(&format!("{harm:<18} {refused:>8} {errors:>8} {right:>8} {earlier:>8}\n"));
        }
        text.push_str(&format!(
            "{} damaged copies: {} refused to start, {} said what cannot be read ({} of them let no API key in), {} answered \
             everything right, {} as of before the end of the log; 0 wrong answers, 0 hangs, 0 crashes",
            self.copies, self.refused, self.errors, self.not_let_in, self.right, self.earlier
        ));
        text
    }
}
