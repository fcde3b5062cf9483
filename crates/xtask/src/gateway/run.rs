//! All of it, in order.

use std::path::Path;

use anyhow::ensure;

use super::arguments::GatewayArgs;
use super::report::Report;
use super::rounds::measure;
use super::setting::Setting;
use super::{memory, provider};
use crate::measure::{Program, again_optimised, build_server};

/// Measures the gateway beside its provider and prints the figures.
///
/// # Errors
/// When something does not build, start, or answer with 200.
pub(crate) fn run(root: &Path, arguments: &GatewayArgs) -> anyhow::Result<()> {
    if arguments.provider {
        return provider::serve();
    }
    let binary = match &arguments.binary {
        Some(binary) => binary.clone(),
        None if cfg!(debug_assertions) => return again_optimised(root, "gateway", &arguments.words()),
        None => build_server(root)?,
    };
    ensure!(binary.is_file(), "{} is no program", binary.display());
    let provider = Program::provider()?;
    let setting = Setting::start(&binary, provider.address, arguments.stored)?;
    let (series, delays) = measure(arguments, &provider, &setting)?;
    setting.keyholt.stop()?;
    // What the measurements left behind is not to be seen in it.
    let setting = Setting::start(&binary, provider.address, arguments.stored)?;
    let memory = memory::read(&setting, &arguments.memory)?;
    setting.keyholt.stop()?;
    Report { arguments, series: &series, delays: &delays, memory: &memory }.print()
}
