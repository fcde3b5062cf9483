//! What a copy did, for people and for programs.

use anyhow::Result;
use keyholt_store::{CopiedTable, CopyReport};
use serde_json::{Value, json};

use crate::output;
use crate::table::Table;

/// Prints what was done; `end` is said to people at last.
///
/// # Errors
/// When the output cannot be written.
pub(super) fn print(report: &CopyReport, target: &str, as_json: bool, end: &str) -> Result<()> {
    if as_json {
        return output::json(&in_json(report, target));
    }
    let mut table = Table::new(["TABLE", "ROWS", "ADDED", "CHANGED", "REMOVED", "DIFFERENCES"]);
    for CopiedTable { name, rows, added, changed, removed } in &report.tables {
        let [rows, added, changed, removed] = [rows, added, changed, removed].map(ToString::to_string);
        // A copy that differs is an error, and has no report.
        table.row([name, &rows, &added, &changed, &removed, "0"]);
    }
    output::line(&table.text())?;
    output::line(&format!("\n{} rows, all compared: 0 differences\n{end}", all_rows(report)))
}

fn in_json(report: &CopyReport, target: &str) -> Value {
    let tables: Vec<Value> = (report.tables.iter())
        .map(|table| {
            let CopiedTable { name, rows, added, changed, removed } = table;
            json!({ "name": name, "rows": rows, "added": added, "changed": changed, "removed": removed,
                    "differences": 0 })
        })
        .collect();
    json!({ "target": target, "finished": report.is_finished, "rows": all_rows(report), "differences": 0,
            "tables": tables })
}

fn all_rows(report: &CopyReport) -> u64 {
    report.tables.iter().map(|table| table.rows).sum()
}
