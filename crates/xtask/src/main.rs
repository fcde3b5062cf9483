//! The project's own tool: `cargo xtask ci` is what CI runs, `cargo xtask tidy` checks the rules that no compiler knows.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the terminal")]

mod bench;
mod ci;
mod failover;
mod flood;
mod gateway;
mod measure;
mod nodes;
mod tidy;
mod timing;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Keyholt's development tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that CI checks, step by step; stops at the first step that fails.
    Ci(ci::Selection),
    /// What the server does in a second, beside a bare handler on the same machine.
    Bench(bench::BenchArgs),
    /// Whether anything that was acknowledged is lost when a PostgreSQL primary fails and its standby takes over.
    Failover(failover::FailoverArgs),
    /// Whether wrong API keys hold up the right one.
    Flood(flood::FloodArgs),
    /// What the gateway adds to a request to a provider, beside the same request sent directly.
    Gateway(gateway::GatewayArgs),
    /// Whether several servers on one PostgreSQL are one store, and what they do in a second.
    Nodes(nodes::NodesArgs),
    /// Whether the time of a refusal tells what became of an API key.
    Timing(timing::TimingArgs),
    /// The rules of the house that no compiler checks.
    Tidy,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Ci(selection) => ci::run(&root(), &selection),
        Task::Bench(arguments) => bench::run(&root(), &arguments),
        Task::Failover(arguments) => failover::run(&root(), &arguments),
        Task::Flood(arguments) => flood::run(&root(), &arguments),
        Task::Gateway(arguments) => gateway::run(&root(), &arguments),
        Task::Nodes(arguments) => nodes::run(&root(), &arguments),
        Task::Timing(arguments) => timing::run(&root(), &arguments),
        Task::Tidy => tidy::run(&root()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root, two folders above this crate.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}
