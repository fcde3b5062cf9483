//! The figures in a document: between two marks, in place of those of the last time.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

const BEGIN: &str = "<!-- bench: figures begin -->";
const END: &str = "<!-- bench: figures end -->";

/// Puts the figures into the document, and the chart beside it under the document's name.
///
/// # Errors
/// When the document cannot be read or written, or does not have both marks once.
pub(super) fn write(document: &Path, figures: &str, chart: &str) -> anyhow::Result<()> {
    let text =
        fs::read_to_string(document).with_context(|| format!("{} cannot be read", document.display()))?;
    let picture = document.with_extension("svg");
    let name = picture.file_name().context("no file")?.to_string_lossy().into_owned();
    let text = replaced(&text, &format!("![Rates to the baseline's]({name})\n\n{figures}"))?;
    fs::write(&picture, chart)?;
    Ok(fs::write(document, text)?)
}

fn replaced(text: &str, figures: &str) -> anyhow::Result<String> {
    ensure!(
        text.matches(BEGIN).count() == 1 && text.matches(END).count() == 1,
        "the marks must stand there once"
    );
    let (before, rest) = text.split_once(BEGIN).context("no mark")?;
    let (_, after) = rest.split_once(END).context("the marks are in the wrong order")?;
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", figures.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let once = replaced(&text, "new\n").unwrap();
        assert_eq!(once, format!("a\n{BEGIN}\n\nnew\n\n{END}\nb\n"));
        assert_eq!(replaced(&once, "new").unwrap(), once);
    }

    #[test]
    fn a_document_without_both_marks_is_left_alone() {
        for text in ["a", BEGIN, END, &format!("{END}{BEGIN}"), &format!("{BEGIN}{END}{BEGIN}")] {
            assert!(replaced(text, "new").is_err(), "{text}");
        }
    }
}
