//! The edges between our crates: a crate edge stands where a forbidden dependency must be impossible.

use std::path::Path;

use anyhow::Context;
use cargo_metadata::{DependencyKind, MetadataCommand};

use super::finding::Finding;

/// Each crate and what it may depend on, besides what everybody may use in tests.
const EDGES: &[(&str, &[&str])] = &[
    ("keyholt-types", &[]),
    ("keyholt-memory", &[]),
    ("keyholt-crypto", &["keyholt-types", "keyholt-memory"]),
    ("keyholt-store", &["keyholt-types"]),
    ("keyholt-engine", &["keyholt-types", "keyholt-crypto", "keyholt-store"]),
    ("keyholt-api", &["keyholt-types", "keyholt-engine"]),
    ("keyholt-gateway", &["keyholt-types", "keyholt-engine"]),
    (
        "keyholt",
        &[
            "keyholt-types",
            "keyholt-crypto",
            "keyholt-store",
            "keyholt-engine",
            "keyholt-api",
            "keyholt-gateway",
            "keyholt-memory",
        ],
    ),
    // Never shipped: it puts the whole house together for tests.
    (
        "keyholt-testkit",
        &[
            "keyholt-types",
            "keyholt-crypto",
            "keyholt-store",
            "keyholt-engine",
            "keyholt-api",
            "keyholt-gateway",
        ],
    ),
    // Never shipped either: it measures what testkit starts.
    ("xtask", &[TESTKIT]),
];

/// Allowed everywhere as a dependency of tests, and nowhere as another.
const TESTKIT: &str = "keyholt-testkit";

/// Checks every edge of the workspace against [`EDGES`].
///
/// # Errors
/// When `cargo metadata` fails.
pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata failed")?;
    let ours: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let manifest = package.manifest_path.strip_prefix(root).unwrap_or(&package.manifest_path);
        let edges = package
            .dependencies
            .iter()
            .filter(|dependency| ours.contains(&dependency.name.as_str()))
            .map(|dependency| (dependency.name.as_str(), dependency.kind));
        let problems = breaches(&package.name, edges);
        findings.extend(problems.into_iter().map(|problem| Finding::of_file(manifest.as_str(), problem)));
    }
    Ok(findings)
}

fn breaches<'a>(package: &str, edges: impl Iterator<Item = (&'a str, DependencyKind)>) -> Vec<String> {
    let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == package) else {
        return vec![format!(
            "{package} has no place in the house: give it one in ARCHITECTURE.md and in xtask"
        )];
    };
    edges
        .filter(|(to, kind)| !(allowed.contains(to) || *to == TESTKIT && *kind == DependencyKind::Development))
        .map(|(to, _)| format!("{package} may not depend on {to}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use DependencyKind::{Development, Normal};

    use super::*;

    #[test]
    fn what_the_house_does_not_draw_is_refused() {
        let refused = |package: &str, to: &str, kind| !breaches(package, [(to, kind)].into_iter()).is_empty();
        assert!(refused("keyholt-types", "keyholt-store", Normal));
        assert!(refused("keyholt-crypto", "keyholt-store", Normal));
        assert!(refused("keyholt-store", "keyholt-crypto", Development));
        assert!(refused("keyholt-api", "keyholt-store", Normal));
        assert!(refused("keyholt-api", "keyholt-gateway", Normal));
        assert!(refused("keyholt", TESTKIT, Normal));
        assert!(!refused("keyholt-api", "keyholt-engine", Normal));
        assert!(!refused("keyholt-api", TESTKIT, Development));
    }

    #[test]
    fn a_crate_without_a_place_is_refused() {
        assert_eq!(breaches("keyholt-utils", std::iter::empty()).len(), 1);
    }

    #[test]
    fn the_drawn_edges_have_no_cycle() {
        for (at, (name, allowed)) in EDGES.iter().enumerate() {
            let later: Vec<&str> = EDGES.iter().skip(at).map(|(name, _)| *name).collect();
            let upwards = allowed.iter().find(|to| later.contains(*to));
            assert_eq!(upwards, None, "{name}");
        }
    }
}
