//! Options and secrets from the environment.

use std::ffi::OsString;

use clap::{Args, Command, FromArgMatches};

use super::{Options, UsageError};

/// The variables of the process, or of a test.
pub(crate) struct Environment(Lookup);

type Lookup = Box<dyn Fn(&str) -> Option<OsString>>;

impl Environment {
    /// The variables of the process.
    pub(crate) fn of_process() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is where the configuration reads the environment")]
        Self(Box::new(|name| std::env::var_os(name)))
    }

    /// Just these variables.
    #[cfg(test)]
    pub(crate) fn of(variables: &'static [(&'static str, &'static str)]) -> Self {
        Self(Box::new(|wanted| {
            variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| OsString::from(value))
        }))
    }

    /// A variable as it is; none when it is empty.
    pub(crate) fn raw(&self, name: &str) -> Option<OsString> {
        self.0(name).filter(|value| !value.is_empty())
    }

    /// A variable that is text; none when it is empty.
    ///
    /// # Errors
    /// When it is not UTF-8. The message does not repeat the value.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, UsageError> {
        let text = self.raw(name).map(OsString::into_string).transpose();
        text.map_err(|_| UsageError(format!("the variable {name} is not UTF-8")))
    }

    /// The server's options. Each has the name of its flag: `--data-dir` is `KEYHOLT_DATA_DIR`.
    ///
    /// # Errors
    /// When a variable is not as its option must be; names the variable.
    pub(super) fn options(&self) -> Result<Options, UsageError> {
        let command = Options::augment_args(Command::new("environment").no_binary_name(true));
        let mut options = Options::default();
        for flag in command.get_arguments().filter_map(|option| option.get_long()) {
            let variable = format!("KEYHOLT_{}", flag.replace('-', "_").to_ascii_uppercase());
            let Some(value) = self.raw(&variable) else { continue };
            let mut argument = OsString::from(format!("--{flag}="));
            argument.push(value);
            let given = command
                .clone()
                .try_get_matches_from([argument])
                .and_then(|matches| Options::from_arg_matches(&matches))
                .map_err(|error| UsageError(format!("{variable}: {}", first_line(&error))))?;
            options = options.or(given);
        }
        Ok(options)
    }
}

/// What is wrong, without clap's advice on flags.
fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
