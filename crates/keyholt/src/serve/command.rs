//! The command itself: settings, logs, runtime.

use anyhow::{Context, Result};
use clap::Args;
use keyholt_memory::Hardening;

use super::run::{Ending, serve};
use super::{refusals, signals::Signals};
use crate::config::{ConfigFile, Environment, Options, SOURCES, Settings};
use crate::logging;

/// Serve the store
///
/// The first start makes the data directory, a root key beside it, an organisation `default` and an API key of
/// its owner, which is printed this once. With --database-url the data are in a PostgreSQL database, which several
/// nodes with one root key may serve.
#[derive(Debug, Args)]
#[command(after_help = SOURCES, after_long_help = format!("{EXAMPLES}\n\n{SOURCES}"))]
pub(crate) struct Serve {
    #[command(flatten)]
    config: ConfigFile,

    #[command(flatten)]
    options: Options,
}

const EXAMPLES: &str = "\
Examples:
  keyholt serve
  keyholt serve --listen 127.0.0.1:0 --data-dir /var/lib/keyholt
  keyholt serve --listen 0.0.0.0:8787 --tls-cert server.pem --tls-key server.key
  keyholt serve --database-url postgres://keyholt@db1,db2/keyholt --database-password-file db.password

Behind a proxy that does TLS:
  KEYHOLT_LISTEN=0.0.0.0:8787 KEYHOLT_INSECURE_PLAINTEXT=1 keyholt serve";

impl Serve {
    /// Serves until it is told to stop.
    ///
    /// # Errors
    /// When the server cannot keep its promises, in one line that says why and what to do.
    pub(crate) fn run(self, hardening: &Hardening) -> Result<()> {
        let settings = Settings::read(self.options, &self.config, &Environment::of_process())?;
        refusals::check(&settings)?;
        logging::start(settings.log_format, settings.log_level)?;
        prepare_process(&settings, hardening)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            // Where a thread has more to do than its own queue holds, the rest goes to the end of one for all, as new
            // connections do. As a rule only every 61st turn is theirs: they would wait for a second under load.
            .global_queue_interval(2)
            .thread_name("keyholt-worker")
            .build()
            .context("the threads of the server could not be started")?;
        let ending = runtime.block_on(async { serve(settings, Signals::listen()?).await });
        // Whatever has not ended by now has had its time.
        runtime.shutdown_background();
        match ending? {
            Ending::Asked => Ok(()),
            Ending::AskedTwice => anyhow::bail!("stopped at once, with requests in flight cut off"),
            Ending::StorageFailed => anyhow::bail!(
                "the storage failed and nothing can be promised any more; check the disk, then start again"
            ),
        }
    }
}

/// What the process asks of the system. What fails is a warning, except for what was asked for.
fn prepare_process(settings: &Settings, hardening: &Hardening) -> Result<()> {
    if hardening.not_dumpable.is_err() || hardening.no_core_files.is_err() {
        tracing::warn!("core files and debuggers could not be turned off: others may see keys in memory");
    }
    if let Err(problem) = keyholt_memory::raise_file_limit() {
        tracing::warn!(%problem, "the limit of open files could not be raised");
    }
    if settings.mlockall {
        keyholt_memory::lock_all_memory().context(
            "mlockall: the memory could not be locked; set RLIMIT_MEMLOCK to unlimited or leave mlockall out",
        )?;
    } else if has_swap() {
        tracing::warn!("this machine has swap, which keys in memory may be written to; see --mlockall");
    }
    Ok(())
}

fn has_swap() -> bool {
    // A heading, then a line for each device.
    std::fs::read_to_string("/proc/swaps").is_ok_and(|swaps| swaps.lines().nth(1).is_some())
}
