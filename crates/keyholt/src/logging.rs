//! Logs: what goes to standard error while the server runs.
//!
//! **Invariant:** a library is never heard below a warning. Some print headers, and with them API keys, when
//! they are asked for everything.

use std::io::{self, IsTerminal};
use std::panic;
use std::thread;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::config::{LogFormat, LogLevel};
use crate::output;

/// Starts logging. Call it once, and before anything logs.
///
/// # Errors
/// When logging was started before.
pub(crate) fn start(format: LogFormat, level: LogLevel) -> anyhow::Result<()> {
    let lines = fmt::layer().with_writer(io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Human => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_ansi(false).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(heard(level))).try_init()?;
    Ok(())
}

/// Our own crates at the chosen level, all others at warnings at most.
fn heard(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // Matches by prefix: keyholt, keyholt_engine and so on.
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("keyholt", level)
}

/// Makes a panic say where it happened, and nothing of what was at hand: its message may quote a value.
pub(crate) fn keep_panics_short() {
    panic::set_hook(Box::new(|panic| {
        let thread = thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        let (file, line) =
            panic.location().map_or(("unknown", 0), |location| (location.file(), location.line()));
        if tracing::enabled!(tracing::Level::ERROR) {
            tracing::error!(thread, file, line, "panic");
        } else {
            output::note(&format!(
                "keyholt: a fault of the program: panic at {file}:{line} in thread {thread}"
            ));
        }
    }));
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_are_never_heard_below_a_warning() {
        let filter = heard(LogLevel::Trace);
        for ours in ["keyholt", "keyholt::serve", "keyholt_engine::open"] {
            assert!(filter.would_enable(ours, &Level::TRACE), "{ours}");
        }
        for other in ["hyper::proto", "h2::codec", "rustls::client", "reqwest", "tokio", "key"] {
            assert!(filter.would_enable(other, &Level::WARN), "{other}");
            assert!(!filter.would_enable(other, &Level::INFO), "{other}");
        }
        let quiet = heard(LogLevel::Error);
        assert!(!quiet.would_enable("hyper", &Level::WARN) && !quiet.would_enable("keyholt", &Level::WARN));
    }
}
