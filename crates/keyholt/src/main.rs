//! Keyholt: a self-hosted store for the API keys of AI providers. One binary: the server, and the commands
//! that people and scripts use it with.
//!
//! **Invariant:** wiring and words only; what is decided, the engine decides.

mod audit;
mod cli;
mod client;
mod completion;
mod config;
mod confirmation;
mod copies;
mod doctor;
mod duration;
mod key;
mod logging;
mod member;
mod moment;
mod org;
mod output;
mod project;
mod rights;
mod run;
mod secret;
mod serve;
mod table;
mod usage;
mod whoami;

use std::process::ExitCode;

use clap::Parser;
use keyholt_memory::WipingAllocator;

use crate::cli::Cli;
use crate::config::UsageError;
use crate::copies::Stopped;
use crate::output::ReaderGone;
use crate::run::CommandEnded;

/// Values pass through the buffers of many libraries; what they free is wiped.
#[global_allocator]
static ALLOCATOR: WipingAllocator = WipingAllocator::new();

/// 0 when all is well, 1 when something failed, 2 when the command line or the configuration is wrong; and the status of
/// a command that was run. 130 and 143 when a signal broke off what can go on later.
fn main() -> ExitCode {
    // Before the first secret is read.
    let hardening = keyholt_memory::harden_process();
    // Where the kernel does not allow it, more memory is used.
    let _ = keyholt_memory::avoid_huge_pages();
    logging::keep_panics_short();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version come this way too. That nobody reads them is no error.
            let _ = answer.print();
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    match cli.run(&hardening) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<ReaderGone>() => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(ended) = error.downcast_ref::<CommandEnded>() {
                return ended.exit_code();
            }
            output::note(&format!("keyholt: {error:#}"));
            ExitCode::from(match error.downcast_ref::<Stopped>() {
                Some(stopped) => stopped.status,
                None if error.is::<UsageError>() => 2,
                None => 1,
            })
        }
    }
}
