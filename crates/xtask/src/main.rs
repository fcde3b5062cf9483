//! The project's own tool: `cargo xtask ci` is what CI runs, `cargo xtask tidy` checks the rules that no compiler knows.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the terminal")]

mod backups;
mod bench;
mod ci;
mod crash;
mod damage;
mod failover;
mod flood;
mod gateway;
mod hostile;
mod instructions;
mod io_errors;
mod measure;
mod nodes;
mod overload;
mod power;
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
    /// Whether backups of a server under load are the store of one moment.
    Backups(backups::BackupsArgs),
    /// What the server does in a second, beside a bare handler on the same machine.
    Bench(bench::BenchArgs),
    /// Whether anything that was acknowledged is lost when the server is killed.
    Crash(crash::CrashArgs),
    /// Whether anything wrong is answered from damaged files.
    Damage(damage::DamageArgs),
    /// Whether anything that was acknowledged is lost when a PostgreSQL primary fails and its standby takes over.
    Failover(failover::FailoverArgs),
    /// Whether wrong API keys hold up the right one.
    Flood(flood::FloodArgs),
    /// What the gateway adds to a request to a provider, beside the same request sent directly.
    Gateway(gateway::GatewayArgs),
    /// Whether hostile requests are withstood, and how many they are.
    Hostile(hostile::HostileArgs),
    /// How many instructions a request costs the server, beside the committed figures.
    Instructions(instructions::InstructionsArgs),
    /// Whether the store is what callers were told after each operation of its disk has failed.
    IoErrors(io_errors::IoErrorsArgs),
    /// Whether several servers on one PostgreSQL are one store, and what they do in a second.
    Nodes(nodes::NodesArgs),
    /// Whether those who are served are served well when far more is asked for than can be.
    Overload(overload::OverloadArgs),
    /// Whether anything that was acknowledged is lost when the power is cut.
    Power(power::PowerArgs),
    /// Whether the time of a refusal tells what became of an API key.
    Timing(timing::TimingArgs),
    /// The rules of the house that no compiler checks.
    Tidy,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Ci(selection) => ci::run(&root(), &selection),
        Task::Backups(arguments) => backups::run(&root(), &arguments),
        Task::Bench(arguments) => bench::run(&root(), &arguments),
        Task::Crash(arguments) => crash::run(&root(), &arguments),
        Task::Damage(arguments) => damage::run(&root(), &arguments),
        Task::Failover(arguments) => failover::run(&root(), &arguments),
        Task::Flood(arguments) => flood::run(&root(), &arguments),
        Task::Gateway(arguments) => gateway::run(&root(), &arguments),
        Task::Hostile(arguments) => hostile::run(&root(), &arguments),
        Task::Instructions(arguments) => instructions::run(&root(), &arguments),
        Task::IoErrors(arguments) => io_errors::run(&arguments),
        Task::Nodes(arguments) => nodes::run(&root(), &arguments),
        Task::Overload(arguments) => overload::run(&root(), &arguments),
        Task::Power(arguments) => power::run(&arguments),
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
