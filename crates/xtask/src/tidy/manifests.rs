//! Every dependency says why it is there.

use super::finding::Finding;
use super::tree::Tree;

/// Checks the workspace's manifest and each crate's.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.texts
        .iter()
        .filter(|text| text.path == "Cargo.toml" || text.path.ends_with("/Cargo.toml"))
        .flat_map(|manifest| {
            let name_line = |line| Finding::at(&manifest.path, line, "says not why this dependency is there");
            unexplained(&manifest.text).into_iter().map(name_line)
        })
        .collect()
}

/// The lines, from 1, of dependencies without a comment: at the end of the line, above it, or above the block of
/// dependencies without an empty line in which it stands.
fn unexplained(manifest: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut in_dependencies = false;
    let mut explained = false;
    for (number, line) in (1..).zip(manifest.lines().map(str::trim)) {
        if let Some(table) = line.strip_prefix('[') {
            in_dependencies = table.trim_end_matches(']').ends_with("dependencies");
            explained = false;
        } else if line.is_empty() {
            explained = false;
        } else if line.starts_with('#') {
            explained = true;
        } else if in_dependencies && !explained && !line.contains(" # ") {
            lines.push(number);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let manifest = "[package]\nname = \"a\"\n\n[dependencies]\nb = \"1\" # why\nc = \"1\"\n\n# why both\nd = \"1\"\ne = \"1\"\n\nf = \"1\"\n[lints]\nworkspace = true\n";
        assert_eq!(unexplained(manifest), [6, 12]);
    }
}
