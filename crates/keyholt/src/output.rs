//! Standard output and standard error: nothing else in the program writes to them, but for what `keyholt run` passes on
//! of its command's output.
//!
//! What was asked for goes to standard output, notes and errors go to standard error, so that a pipe gets
//! the answer alone. A reader that goes away early, as `head` does, is no error.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use serde::Serialize;

use crate::config::Environment;

/// Nobody reads the output any more: the program ends at once and in silence.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output")]
pub(crate) struct ReaderGone;

/// Writes a line of the answer.
///
/// # Errors
/// [`ReaderGone`], or that the output cannot be written, as on a full disk.
pub(crate) fn line(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(problem) if problem.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        Err(problem) => Err(problem.into()),
    }
}

/// Writes the answer for programs: one JSON document.
///
/// # Errors
/// As [`line`].
pub(crate) fn json(answer: &impl Serialize) -> Result<()> {
    line(&serde_json::to_string_pretty(answer)?)
}

/// Writes a value: byte for byte, so that a file or a pipe gets the value and nothing else; on a terminal as a line that
/// cannot steer it.
///
/// # Errors
/// As [`line`].
pub(crate) fn value(value: &str) -> Result<()> {
    if is_terminal() {
        return line(&value.split('\n').map(visible).collect::<Vec<_>>().join("\n"));
    }
    let mut out = io::stdout().lock();
    match out.write_all(value.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(problem) if problem.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        Err(problem) => Err(problem.into()),
    }
}

/// Whether what is written as the answer appears on a terminal.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Writes a note to whoever watches; nothing depends on its being read.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether somebody is there to answer questions.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether standard output may be coloured: a terminal, whose user does not say otherwise.
pub(crate) fn has_colour() -> bool {
    is_terminal() && Environment::of_process().raw("NO_COLOR").is_none()
}

/// Asks a question that is answered by yes or no; anything but `y` and `yes` is no.
///
/// # Errors
/// When the terminal cannot be read.
pub(crate) fn confirm(question: &str) -> Result<bool> {
    let mut err = io::stderr().lock();
    write!(err, "{question} [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// A text from elsewhere, fit for a terminal: control characters, and those that change the direction of
/// writing, are shown as escapes and do nothing.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let is_harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_harmless(c) {
            shown.push(c);
        } else {
            shown.extend(c.escape_default());
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_shown_as_an_escape() {
        assert_eq!(visible("plain, ключ, 🔑"), "plain, ключ, 🔑");
        assert_eq!(visible("\u{1b}[31mred\n"), r"\u{1b}[31mred\n");
        assert_eq!(visible("a\u{202e}b\u{9b}"), r"a\u{202e}b\u{9b}");
    }
}
