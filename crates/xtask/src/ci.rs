//! `cargo xtask ci`: every check, in the order in which they fail soonest.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

/// One step: its name and the command line that runs in the repository's root.
struct Step {
    name: &'static str,
    command: &'static [&'static str],
    /// Given where the step needs a program that a developer may do without; CI has it.
    optional: Option<&'static str>,
}

const fn step(name: &'static str, command: &'static [&'static str]) -> Step {
    Step { name, command, optional: None }
}

const STEPS: &[Step] = &[
    step("fmt", &["cargo", "fmt", "--all", "--check"]),
    step("tidy", &["cargo", "xtask", "tidy"]),
    Step {
        name: "deny",
        command: &["cargo", "deny", "--all-features", "check", "licenses", "bans", "sources"],
        optional: Some("cargo-deny"),
    },
    step("clippy", &["cargo", "clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    step("test", &["cargo", "nextest", "run", "--locked", "--workspace"]),
    step("doctest", &["cargo", "test", "--locked", "--workspace", "--doc", "--quiet"]),
    step("build", &["cargo", "build", "--locked", "--release"]),
    step("instructions", &["cargo", "xtask", "instructions"]),
    step("deploy", &["scripts/check-deploy"]),
    step("conformance", &["scripts/conformance"]),
    // The same answers from PostgreSQL, and from two nodes of which each request meets another one.
    step("conformance-postgres", &["scripts/conformance", "--postgres"]),
    step("conformance-nodes", &["scripts/conformance", "--nodes=2"]),
    // With the clients that the conformance suite has installed.
    step("end-to-end", &["scripts/end-to-end"]),
    // Whether everything that is measured can be; the figures of a machine that is busy with checks say nothing.
    step(
        "bench",
        &[
            "cargo",
            "xtask",
            "bench",
            "--binary=target/release/keyholt",
            "--secs=0.1",
            "--rounds=1",
            "--stored=200",
            "--connections=2",
            "--requests=1000",
            "--rate=200",
        ],
    ),
    step("schemathesis", &["scripts/schemathesis"]),
    step("vendor-suites", &["scripts/vendor-suites"]),
    step("vendor-suites-postgres", &["scripts/vendor-suites", "--postgres"]),
    step("vendor-suites-nodes", &["scripts/vendor-suites", "--nodes=2"]),
    // Five minutes for all targets together; what they have found before is in their corpora.
    step("fuzz", &["scripts/fuzz", "--total", "300"]),
];

/// Which steps run.
#[derive(clap::Args)]
pub(crate) struct Selection {
    /// Run this step alone; may be given several times.
    #[arg(long, value_name = "STEP", value_parser = names())]
    only: Vec<String>,
    /// Leave this step out; may be given several times.
    #[arg(long, value_name = "STEP", value_parser = names(), conflicts_with = "only")]
    skip: Vec<String>,
}

impl Selection {
    fn wants(&self, step: &Step) -> bool {
        let named = |list: &[String]| list.iter().any(|name| name == step.name);
        if self.only.is_empty() { !named(&self.skip) } else { named(&self.only) }
    }
}

fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// Runs the steps and tells how long each took.
///
/// # Errors
/// When a step fails; those after it do not run.
pub(crate) fn run(root: &Path, selection: &Selection) -> anyhow::Result<()> {
    let mut durations: Vec<(&str, Duration)> = Vec::new();
    for step in STEPS.iter().filter(|step| selection.wants(step)) {
        println!("\n==> {}: {}", step.name, step.command.join(" "));
        if let Some(program) = step.optional
            && !is_installed(program)
        {
            ensure!(!in_ci(), "CI needs {program}");
            println!("    left out: {program} is not installed (scripts/test installs it)");
            continue;
        }
        let took = run_step(root, step)?;
        println!("==> {} passed in {:.1} s", step.name, took.as_secs_f64());
        durations.push((step.name, took));
    }
    println!();
    for (name, took) in &durations {
        println!("{name:<22} {:>7.1} s", took.as_secs_f64());
    }
    println!("steps: {} passed, 0 failed", durations.len());
    Ok(())
}

fn run_step(root: &Path, step: &Step) -> anyhow::Result<Duration> {
    let Some((program, arguments)) = step.command.split_first() else { bail!("{} has no command", step.name) };
    #[expect(clippy::disallowed_methods, reason = "a developer's tool: it times steps")]
    let start = Instant::now();
    let status = command(program)
        .args(arguments)
        .current_dir(root)
        .status()
        .with_context(|| format!("{program} could not be started"))?;
    ensure!(
        status.success(),
        "{} failed ({status}); run it alone with `cargo xtask ci --only {}`",
        step.name,
        step.name
    );
    Ok(start.elapsed())
}

fn is_installed(program: &str) -> bool {
    command(program).arg("--version").output().is_ok()
}

/// Whether continuous integration runs this: nothing may be left out there.
fn in_ci() -> bool {
    #[expect(clippy::disallowed_methods, reason = "a developer's tool: CI says itself by this variable")]
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}

fn command(program: &str) -> Command {
    #[expect(clippy::disallowed_methods, reason = "a developer's tool: its job is to run programs")]
    Command::new(program)
}
