//! What a check found.

use serde::Serialize;

use crate::output::visible;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Health {
    /// As it must be.
    Ok,
    /// It works, but should be looked at.
    Warn,
    /// It does not work.
    Fail,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) check: &'static str,
    /// How bad it is.
    pub(super) state: Health,
    /// What was found, and what to do where something should be done.
    pub(super) message: String,
}

impl Finding {
    /// All is well.
    pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, state: Health::Ok, message: message.into() }
    }

    /// Something should be looked at.
    pub(super) fn warn(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, state: Health::Warn, message: message.into() }
    }

    /// Something does not work.
    pub(super) fn fail(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, state: Health::Fail, message: message.into() }
    }

    /// The line for people; the word for the state is coloured on a terminal.
    pub(super) fn line(&self, in_colour: bool) -> String {
        let (word, colour) = match self.state {
            Health::Ok => ("ok  ", "\u{1b}[32m"),
            Health::Warn => ("warn", "\u{1b}[33m"),
            Health::Fail => ("fail", "\u{1b}[31m"),
        };
        let (before, after) = if in_colour { (colour, "\u{1b}[0m") } else { ("", "") };
        format!("{before}{word}{after}  {:<14}  {}", self.check, visible(&self.message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_an_object() {
        let finding = Finding::warn("disk", "little space\u{1b}[2J");
        assert_eq!(finding.line(false), r"warn  disk            little space\u{1b}[2J");
        assert!(finding.line(true).starts_with("\u{1b}[33mwarn\u{1b}[0m  disk"));
        let object = serde_json::to_value(Finding::ok("disk", "enough")).unwrap();
        assert_eq!(object, serde_json::json!({"check": "disk", "state": "ok", "message": "enough"}));
    }
}
