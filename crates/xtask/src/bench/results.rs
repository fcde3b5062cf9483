//! All figures of a run.

use super::cell::{Cell, Entry, Server};
use super::footprint::Footprint;
use super::operation::Kind;
use crate::gateway::Delays;
use crate::measure::{Machine, Spread};

/// All figures of a run.
pub(super) struct Results {
    /// On what.
    pub(super) machine: Machine,
    /// The command line.
    pub(super) command: String,
    /// Rounds of each measurement, and the seconds of one.
    pub(super) rounds: (usize, f64),
    /// The fewest and the most secrets that were stored.
    pub(super) stored: (u64, u64),
    /// The size of the binary, in bytes.
    pub(super) binary: u64,
    /// What one sync of the disk took in each round, in microseconds: the median of many.
    pub(super) syncs: Vec<f64>,
    /// What servers take without load.
    pub(super) footprints: Vec<Footprint>,
    /// Memory after so many requests, in bytes.
    pub(super) worked: Option<(u64, u64)>,
    /// What they do under load.
    pub(super) cells: Vec<Cell>,
    /// The delay of a stream's chunks in each round, directly and through the gateway.
    pub(super) delays: Vec<(Delays, Delays)>,
}

impl Results {
    /// The cell of an operation in a closed loop.
    pub(super) fn cell(&self, kind: Kind, connections: usize) -> Option<&Cell> {
        let is_it =
            |cell: &&Cell| cell.kind == kind && cell.connections == connections && cell.per_second.is_none();
        self.cells.iter().find(is_it)
    }

    /// One of those who were asked there.
    pub(super) fn entry(&self, kind: Kind, connections: usize, server: &Server, stored: u64) -> Option<&Entry> {
        self.cell(kind, connections)?.entry(server, stored)
    }

    /// What one sync of the disk took, in microseconds.
    pub(super) fn sync(&self) -> Spread {
        Spread::of(self.syncs.iter().copied())
    }
}
