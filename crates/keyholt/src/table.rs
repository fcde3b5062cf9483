//! Tables for people: aligned columns without borders, that pipes can cut too.

use comfy_table::{Attribute, Cell, ContentArrangement, presets};

use crate::output::{has_colour, visible};

/// A table that grows by rows. On a terminal its header is bold and long cells are wrapped; elsewhere each
/// row is one line.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    /// A table with these columns.
    pub(crate) fn new<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        let bold = |title| Cell::new(title).add_attribute(Attribute::Bold);
        table.set_header(header.map(|title| if has_colour() { bold(title) } else { Cell::new(title) }));
        Self(table)
    }

    /// A table without a header: what is known of one thing.
    pub(crate) fn of_one() -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        Self(table)
    }

    /// Adds a row; what is in its cells cannot steer a terminal.
    pub(crate) fn row<const COLUMNS: usize>(&mut self, cells: [&str; COLUMNS]) {
        self.0.add_row(cells.map(|cell| Cell::new(visible(cell))));
    }

    /// The text, without blanks at the ends of lines and without a last line break.
    pub(crate) fn text(mut self) -> String {
        for column in self.0.column_iter_mut() {
            column.set_padding((0, 2));
        }
        self.0.trim_fmt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_end_in_text() {
        let mut table = Table::new(["NAME", "TYPE"]);
        table.row(["OPENAI_API_KEY", "openai"]);
        table.row(["K", "\u{1b}[2J"]);
        table.0.force_no_tty();
        let expected = ["NAME            TYPE", "OPENAI_API_KEY  openai", r"K               \u{1b}[2J"];
        assert_eq!(table.text(), expected.join("\n"));
    }
}
