//! Configuration: every option is a flag, a `KEYHOLT_` variable and a line in `keyholt.toml`; the first of
//! these that gives it wins.
//!
//! [`options`] declares each option once. [`environment`] and [`file`] give the same options from the other
//! two sources. [`settings`] merges them, fills in defaults and checks them, with [`database`], [`egress`], [`limits`] and
//! [`models`] for their own; [`jwt`] reads the file that says whose tokens are taken.
//!
//! **Invariant:** the process environment is read here and nowhere else.

mod database;
mod egress;
mod environment;
mod file;
mod jwt;
mod limits;
mod models;
mod options;
mod settings;
mod values;

pub(crate) use database::Database;
pub(crate) use environment::Environment;
pub(crate) use options::{ConfigFile, Options, SOURCES};
pub(crate) use settings::{Bootstrapping, RootKeySource, Settings, TlsFiles};
pub(crate) use values::{LogFormat, LogLevel};

/// What the user said makes no sense; the message says what would. Ends the program with status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);
