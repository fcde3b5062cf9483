//! The committed figures, and whether what was counted is as they say.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::{Map, Value};

use super::operation::Operation;

/// Where they are, from the repository's root.
pub(super) const FILE: &str = "crates/xtask/src/instructions/figures.json";

/// How far from its figure a count may be, either way, in per cent: more than two runs of one program
/// differ by, and less than a loss that somebody would feel. Below it too: a figure that is too high hides the next loss.
const TOLERANCE: f64 = 5.0;

/// What the file says of an operation, if anything.
///
/// # Errors
/// When there is no such file, or it is not JSON.
pub(super) fn read(root: &Path) -> anyhow::Result<Map<String, Value>> {
    let text = fs::read_to_string(root.join(FILE)).with_context(|| format!("{FILE} cannot be read"))?;
    serde_json::from_str(&text).with_context(|| format!("{FILE} is no JSON object"))
}

/// Writes what was counted over what the file says.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write(root: &Path, counted: &[(Operation, u64)]) -> anyhow::Result<()> {
    let figures: Map<String, Value> =
        counted.iter().map(|(operation, count)| (operation.name().to_owned(), (*count).into())).collect();
    fs::write(root.join(FILE), format!("{:#}\n", Value::Object(figures)))
        .with_context(|| format!("{FILE} cannot be written"))
}

/// How a count stands to its figure.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Change {
    /// By how much more it is, in per cent; below zero by how much less. None without a figure.
    pub(super) percent: Option<f64>,
}

impl Change {
    /// From this figure to this count.
    pub(super) fn new(figures: &Map<String, Value>, operation: Operation, count: u64) -> Self {
        let figure = figures.get(operation.name()).and_then(Value::as_f64).filter(|figure| *figure > 0.0);
        Self { percent: figure.map(|figure| (count as f64 / figure - 1.0) * 100.0) }
    }

    /// Whether it is within the tolerance.
    pub(super) fn holds(self) -> bool {
        self.percent.is_some_and(|percent| percent.abs() <= TOLERANCE)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(figures: &Value, count: u64) -> Change {
        Change::new(figures.as_object().unwrap(), Operation::Find, count)
    }

    #[test]
    fn a_count_holds_within_five_per_cent_either_way() {
        let figures = json!({ "get by id": 1000 });
        for (count, holds) in
            [(1000, true), (1049, true), (951, true), (1051, false), (949, false), (1100, false)]
        {
            assert_eq!(change(&figures, count).holds(), holds, "{count}");
        }
    }

    #[test]
    fn a_count_without_a_figure_does_not_hold() {
        for figures in
            [json!({}), json!({ "get by id": 0 }), json!({ "get by id": "1000" }), json!({ "health": 1000 })]
        {
            assert!(!change(&figures, 1000).holds(), "{figures}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(FILE).parent().unwrap()).unwrap();
        write(folder.path(), &[(Operation::Find, 1234)]).unwrap();
        let change = Change::new(&read(folder.path()).unwrap(), Operation::Find, 1234);
        assert_eq!(change, Change { percent: Some(0.0) });
    }
}
