//! What trials come to.

/// The figures of trials; everything counted here was found right.
#[derive(Clone, Copy, Default, Debug)]
pub struct TrialFigures {
    /// Trials.
    pub trials: u64,
    /// Times that the power was cut.
    pub cuts: u64,
    /// Those of them while the store was being opened.
    pub cuts_while_opening: u64,
    /// Changes that were acknowledged.
    pub acknowledged: u64,
    /// Changes whose outcome was unknown and that were done.
    pub turned_out_done: u64,
    /// Such that were not.
    pub turned_out_undone: u64,
    /// Changes that were refused, and were not done.
    pub refused: u64,
    /// Values that were opened and compared.
    pub opened: u64,
    /// Records of the audit log that were checked.
    pub events: u64,
    /// What was asked of the disk.
    pub operations: u64,
    /// Starts that were refused because of an error.
    pub refused_starts: u64,
}

impl TrialFigures {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            trials: self.trials + other.trials,
            cuts: self.cuts + other.cuts,
            cuts_while_opening: self.cuts_while_opening + other.cuts_while_opening,
            acknowledged: self.acknowledged + other.acknowledged,
            turned_out_done: self.turned_out_done + other.turned_out_done,
            turned_out_undone: self.turned_out_undone + other.turned_out_undone,
            refused: self.refused + other.refused,
            opened: self.opened + other.opened,
            events: self.events + other.events,
            operations: self.operations + other.operations,
            refused_starts: self.refused_starts + other.refused_starts,
        }
    }
}
