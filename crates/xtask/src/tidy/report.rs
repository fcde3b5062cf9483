//! Gathers what every rule finds.

use std::path::Path;

use anyhow::bail;

use super::tree::Tree;
use super::{crates, cycles, documents, manifests, rules};

/// Runs all rules and prints every finding.
///
/// # Errors
/// When there is a finding, or the tree cannot be read.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let tree = Tree::read(root)?;
    let mut findings = crates::check(root)?;
    findings.extend(cycles::check(&tree));
    findings.extend(rules::check(&tree));
    findings.extend(manifests::check(&tree));
    findings.extend(documents::check(&tree));
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => bail!("1 rule is broken"),
        count => bail!("{count} rules are broken"),
    }
}
