//! No import cycle between the modules of a crate: two files that need each other are one file or want a third.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::finding::Finding;
use super::modules::{ModulePath, Modules};
use super::tree::Tree;

/// Checks each crate for itself.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut crates: BTreeMap<&str, Modules> = BTreeMap::new();
    for source in &tree.sources {
        if let Some(at) = source.path.find("/src/").filter(|_| source.path.starts_with("crates/")) {
            let folder = source.path.get(..at + "/src/".len()).unwrap_or_default();
            crates.entry(folder).or_default().add(folder, source);
        }
    }
    crates.values().flat_map(cycles).collect()
}

/// The shortest cycle through each module that is the first, by name, of its cycle.
fn cycles(modules: &Modules) -> Vec<Finding> {
    let edges = modules.edges();
    edges
        .keys()
        .filter_map(|module| Some((*module, shortest_round(&edges, module)?)))
        .filter(|(module, round)| round.iter().all(|other| other >= *module))
        .map(|(module, round)| {
            let names: Vec<String> = round.iter().map(name).collect();
            Finding::of_file(modules.file(module), format!("import cycle: {}", names.join(" -> ")))
        })
        .collect()
}

/// The shortest way from a module back to it, both ends included.
fn shortest_round(
    edges: &BTreeMap<&ModulePath, BTreeSet<ModulePath>>,
    start: &ModulePath,
) -> Option<Vec<ModulePath>> {
    let mut seen = BTreeSet::new();
    let mut ways = VecDeque::from([vec![start.clone()]]);
    while let Some(way) = ways.pop_front() {
        for next in way.last().and_then(|last| edges.get(last)).into_iter().flatten() {
            let longer = || way.iter().chain([next]).cloned().collect();
            if next == start {
                return Some(longer());
            }
            if seen.insert(next.clone()) {
                ways.push_back(longer());
            }
        }
    }
    None
}

fn name(module: &ModulePath) -> String {
    if module.is_empty() { "crate".to_owned() } else { module.join("::") }
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::*;

    #[track_caller]
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let source =
            |(name, text): &(&str, &str)| Source::new(format!("crates/a/src/{name}"), (*text).to_owned());
        let sources = files.iter().map(source).collect();
        check(&Tree { sources, texts: Vec::new() }).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn two_files_that_use_each_other_are_a_cycle() {
        let files = [
            ("lib.rs", "mod b; mod c;"),
            ("b.rs", "use crate::c::C; pub struct B;"),
            ("c.rs", "use std::fmt; pub struct C; fn f() -> super::b::B { super::b::B }"),
        ];
        assert_eq!(found(&files), ["import cycle: b -> c -> b"]);
    }

    #[test]
    fn a_cycle_is_found_through_the_re_exports_of_a_door() {
        let files = [
            ("lib.rs", "mod b; mod c; pub use b::B; pub use c::{C as Cee, self};"),
            ("b.rs", "use crate::{Cee}; pub struct B(Cee);"),
            ("c.rs", "pub struct C(crate::B);"),
        ];
        assert_eq!(found(&files), ["import cycle: b -> c -> b"]);
    }

    #[test]
    fn a_door_that_re_exports_is_not_needed_by_what_is_behind_it() {
        let files = [
            ("lib.rs", "mod rooms;"),
            ("rooms/mod.rs", "mod b; mod c; pub use b::B; fn router() { c::handle() }"),
            ("rooms/b.rs", "pub struct B;"),
            ("rooms/c.rs", "use super::B; pub fn handle(_: B) {}"),
        ];
        assert_eq!(found(&files), [""; 0]);
    }

    #[test]
    fn a_door_with_something_of_its_own_is_a_cycle_when_both_need_each_other() {
        let files = [
            ("lib.rs", "mod b; pub struct A; fn f() { b::g() }"),
            ("b.rs", "pub fn g() -> crate::A { crate::A }"),
        ];
        assert_eq!(found(&files), ["import cycle: crate -> b -> crate"]);
    }

    #[test]
    fn tests_and_comments_may_look_anywhere() {
        let files = [
            ("lib.rs", "mod b; mod c;"),
            ("b.rs", "use crate::c::C; // use of\npub struct B;"),
            (
                "c.rs",
                "//! See [`crate::b::B`].\npub struct C;\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}\n",
            ),
        ];
        assert_eq!(found(&files), [""; 0]);
    }
}
