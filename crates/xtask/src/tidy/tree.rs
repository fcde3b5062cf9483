//! The files that the rules look at.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::source::Source;

/// Folders that hold nothing of ours: build output, caches, the version control's own files, a server's data.
const FOREIGN: &[&str] = &["target", "node_modules", "keyholt-data"];

/// A text file of the repository.
pub(crate) struct Text {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every text file that a rule reads, sorted by path.
pub(crate) struct Tree {
    pub(crate) sources: Vec<Source>,
    /// Manifests, migrations and documents.
    pub(crate) texts: Vec<Text>,
}

impl Tree {
    /// Reads the repository.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self { sources: Vec::new(), texts: Vec::new() };
        tree.read_folder(root, root)?;
        tree.sources.sort_by(|a, b| a.path.cmp(&b.path));
        tree.texts.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    fn read_folder(&mut self, root: &Path, folder: &Path) -> anyhow::Result<()> {
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                if !name.starts_with('.') && !FOREIGN.contains(&name.as_ref()) {
                    self.read_folder(root, &path)?;
                }
                continue;
            }
            let Some(kind) = path.extension().and_then(|kind| kind.to_str()) else { continue };
            if !matches!(kind, "rs" | "toml" | "md" | "sql") {
                continue;
            }
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let relative = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            if kind == "rs" {
                self.sources.push(Source::new(relative, text));
            } else {
                self.texts.push(Text { path: relative, text });
            }
        }
        Ok(())
    }
}
