//! `keyholt completion`.

use anyhow::Result;
use clap::{Args, Command};
use clap_complete::Shell;

use crate::output;

/// Print a script that completes commands and options in a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt completion bash > /etc/bash_completion.d/keyholt
  keyholt completion zsh > \"${fpath[1]}/_keyholt\"
  keyholt completion fish > ~/.config/fish/completions/keyholt.fish")]
pub(crate) struct Completion {
    /// The shell
    shell: Shell,
}

impl Completion {
    /// Prints the script.
    pub(crate) fn run(self, mut command: Command) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "keyholt", &mut script);
        output::line(String::from_utf8(script)?.trim_end())
    }
}
