//! Which module of a crate uses which: read from the paths that its code writes.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// A module's path from the crate's root; the root's is empty.
pub(crate) type ModulePath = Vec<String>;

/// The modules of one crate, one a file.
#[derive(Default)]
pub(crate) struct Modules {
    files: BTreeMap<ModulePath, Written>,
}

/// What one file writes.
struct Written {
    file: String,
    /// Paths that the module needs, as written.
    needs: Vec<Path>,
    /// Names that stand for something elsewhere, by `use`.
    names: BTreeMap<String, Path>,
}

/// A path as written, with the module in which it stands.
#[derive(Clone)]
struct Path {
    at: ModulePath,
    segments: Vec<String>,
}

impl Modules {
    /// Adds a file of the crate whose sources are under `folder`, such as `crates/store/src/`.
    pub(crate) fn add(&mut self, folder: &str, source: &Source) {
        let Some(path) = module_of(folder, &source.path) else { return };
        let shipped: Vec<&str> = source.code.lines().take(source.shipped_lines()).collect();
        let mut written = Written { file: source.path.clone(), needs: Vec::new(), names: BTreeMap::new() };
        Reader { tokens: &tokens(&shipped.join("\n")), at: 0, module: path.clone(), written: &mut written }
            .read();
        self.files.insert(path, written);
    }

    /// The file of a module.
    pub(crate) fn file(&self, module: &ModulePath) -> &str {
        self.files.get(module).map_or("", |written| &written.file)
    }

    /// Each module with the modules it needs. A public re-export is no need.
    pub(crate) fn edges(&self) -> BTreeMap<&ModulePath, BTreeSet<ModulePath>> {
        let targets = |from: &ModulePath, written: &Written| {
            let found = written.needs.iter().filter_map(|path| self.resolve(path, 0));
            found.filter(|to| to != from).collect()
        };
        self.files.iter().map(|(module, written)| (module, targets(module, written))).collect()
    }

    /// The module in which that is defined to which a path leads; `None` for other crates.
    fn resolve(&self, path: &Path, depth: usize) -> Option<ModulePath> {
        // A name that stands for itself would lead round in circles.
        if depth > 8 {
            return None;
        }
        let (start, rest) = self.anchor(path)?;
        let mut module = start;
        for (at, segment) in rest.iter().enumerate() {
            let mut child = module.clone();
            child.push(segment.clone());
            if self.files.contains_key(&child) {
                module = child;
                continue;
            }
            if let Some(elsewhere) = self.files.get(&module).and_then(|written| written.names.get(segment)) {
                let mut onward = elsewhere.clone();
                onward.segments.extend(rest.iter().skip(at + 1).cloned());
                return self.resolve(&onward, depth + 1);
            }
            break;
        }
        self.enclosing_file(module)
    }

    /// Where a path begins, and what follows.
    fn anchor<'a>(&self, path: &'a Path) -> Option<(ModulePath, &'a [String])> {
        let (first, rest) = path.segments.split_first()?;
        match first.as_str() {
            "crate" => Some((Vec::new(), rest)),
            "self" => Some((path.at.clone(), rest)),
            "super" => {
                let mut module = path.at.clone();
                module.pop();
                let above = rest.iter().take_while(|segment| *segment == "super").count();
                module.truncate(module.len().saturating_sub(above));
                Some((module, rest.get(above..)?))
            }
            _ => {
                let mut child = path.at.clone();
                child.push(first.clone());
                self.files.contains_key(&child).then_some((child, rest))
            }
        }
    }

    /// The module's own file, or that of the module in which it is written inline.
    fn enclosing_file(&self, mut module: ModulePath) -> Option<ModulePath> {
        while !self.files.contains_key(&module) {
            module.pop()?;
        }
        Some(module)
    }
}

/// `src/lib.rs` is the root, `src/a/mod.rs` and `src/a.rs` are `a`.
fn module_of(folder: &str, file: &str) -> Option<ModulePath> {
    let inside = file.strip_prefix(folder)?.strip_suffix(".rs")?;
    let mut path: ModulePath = inside.split('/').map(str::to_owned).collect();
    let last = path.last()?;
    if last == "mod" || (path.len() == 1 && matches!(last.as_str(), "lib" | "main")) {
        path.pop();
    }
    Some(path)
}

/// Words, `::` and single signs.
fn tokens(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_part = |character: char| character.is_alphanumeric() || character == '_';
        let length = if is_part(first) {
            rest.find(|character| !is_part(character)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        found.push(token);
        rest = after.trim_start();
    }
    found
}

struct Reader<'a> {
    tokens: &'a [&'a str],
    at: usize,
    module: ModulePath,
    written: &'a mut Written,
}

impl<'a> Reader<'a> {
    fn peek(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).copied().unwrap_or("")
    }

    fn before(&self) -> &'a str {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).copied().unwrap_or("")
    }

    fn read(&mut self) {
        let mut depth = 0_usize;
        let mut inline: Vec<usize> = Vec::new();
        while self.at < self.tokens.len() {
            match self.peek(0) {
                "{" => depth += 1,
                "}" => {
                    depth = depth.saturating_sub(1);
                    if inline.last() == Some(&depth) {
                        inline.pop();
                        self.module.pop();
                    }
                }
                "mod" if self.peek(2) == "{" => {
                    self.module.push(self.peek(1).to_owned());
                    inline.push(depth);
                    depth += 1;
                    self.at += 2;
                }
                "use" => {
                    let public = matches!(self.before(), "pub" | ")");
                    self.at += 1;
                    self.read_tree(&[], public);
                    continue;
                }
                word if is_word(word) && self.peek(1) == "::" && !matches!(self.before(), "::" | ".") => {
                    self.read_path();
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    fn read_path(&mut self) {
        let mut segments = vec![self.peek(0).to_owned()];
        self.at += 1;
        while self.peek(0) == "::" && is_word(self.peek(1)) {
            segments.push(self.peek(1).to_owned());
            self.at += 2;
        }
        self.written.needs.push(Path { at: self.module.clone(), segments });
    }

    /// One branch of a `use`, behind what stands in front of its braces.
    fn read_tree(&mut self, front: &[String], public: bool) {
        let mut segments = front.to_vec();
        loop {
            match self.peek(0) {
                "{" => {
                    self.at += 1;
                    while !matches!(self.peek(0), "}" | "") {
                        self.read_tree(&segments, public);
                        if self.peek(0) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "::" => self.at += 1,
                "*" => {
                    self.at += 1;
                    break;
                }
                "as" => break,
                "self" if !segments.is_empty() => {
                    self.at += 1;
                    break;
                }
                word if is_word(word) => {
                    segments.push(word.to_owned());
                    self.at += 1;
                }
                _ => break,
            }
        }
        let mut name = segments.last().cloned();
        if self.peek(0) == "as" {
            name = Some(self.peek(1).to_owned());
            self.at += 2;
        }
        // Nothing that a `use` can hold was there: go on behind it.
        if segments.len() == front.len() && matches!(self.peek(0), "" | ";") {
            self.at += 1;
        }
        let path = Path { at: self.module.clone(), segments };
        if !public {
            self.written.needs.push(path.clone());
        }
        if let Some(name) = name {
            self.written.names.insert(name, path);
        }
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}
