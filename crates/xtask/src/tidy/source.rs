//! A Rust file, as written and with its comments and literals taken out.

/// A Rust file in three views with the same lines.
pub(crate) struct Source {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// As written.
    pub(crate) text: String,
    /// Without comments and without what stands in literals.
    pub(crate) code: String,
    /// What stands in string literals alone.
    pub(crate) strings: String,
}

impl Source {
    /// Splits a file into its views.
    pub(crate) fn new(path: String, text: String) -> Self {
        let (code, strings) = split(&text);
        Self { path, text, code, strings }
    }

    /// The lines that ship: a folder of tests or fuzz targets ships none, and a file's test module at its end is left out.
    pub(crate) fn shipped_lines(&self) -> usize {
        let is_test = self.path.contains("/tests/") || self.path.ends_with("/tests.rs");
        if is_test || self.path.contains("/benches/") || self.path.starts_with("fuzz/") {
            return 0;
        }
        let lines: Vec<&str> = self.code.lines().collect();
        let test_module = lines.windows(2).position(|pair| {
            matches!(pair, [first, second] if first.trim() == "#[cfg(test)]" && is_inline_module(second))
        });
        test_module.unwrap_or(lines.len())
    }
}

fn is_inline_module(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("mod ") && line.ends_with('{')
}

/// Code and strings; every character of the other kind is a blank, newlines stay.
fn split(text: &str) -> (String, String) {
    let mut code = String::with_capacity(text.len());
    let mut strings = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = token(rest, first, code.chars().next_back());
        let (token, after) = rest.split_at(length);
        for character in token.chars() {
            let blank = if character == '\n' { '\n' } else { ' ' };
            code.push(if matches!(kind, Kind::Code) { character } else { blank });
            strings.push(if matches!(kind, Kind::String) { character } else { blank });
        }
        rest = after;
    }
    (code, strings)
}

enum Kind {
    Code,
    String,
    Comment,
}

/// The kind and the length in bytes of what the text begins with.
fn token(text: &str, first: char, before: Option<char>) -> (Kind, usize) {
    if text.starts_with("//") {
        return (Kind::Comment, text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (Kind::Comment, block_comment(text));
    }
    if first == '"' {
        return (Kind::String, quoted(text, 1));
    }
    let in_word = before.is_some_and(|character| character.is_alphanumeric() || character == '_');
    if !in_word && let Some(length) = raw_string(text) {
        return (Kind::String, length);
    }
    if first == '\''
        && let Some(length) = character_literal(text)
    {
        return (Kind::String, length);
    }
    (Kind::Code, first.len_utf8())
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let step = if rest.starts_with("/*") {
            depth += 1;
            2
        } else if rest.starts_with("*/") {
            depth -= 1;
            2
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of a string whose text begins after so many bytes.
fn quoted(text: &str, start: usize) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip_while(|(at, _)| *at < start) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `r"..."`, `r#"..."#`, `br"..."`, `b"..."` and `c"..."`.
fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c"].into_iter().find(|prefix| text.starts_with(prefix))?;
    let after = text.get(prefix.len()..)?;
    if !prefix.ends_with('r') {
        return after.starts_with('"').then(|| quoted(text, prefix.len() + 1));
    }
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    let body = after.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let opening = prefix.len() + hashes + 1;
    Some(body.find(&end).map_or(text.len(), |at| opening + at + end.len()))
}

/// `'x'` and `'\n'`, but not the lifetime `'a`.
fn character_literal(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().skip(1);
    let (_, first) = characters.next()?;
    if first == '\\' {
        characters.next()?;
        return characters.find(|(_, character)| *character == '\'').map(|(at, _)| at + 1);
    }
    characters.next().filter(|(_, character)| *character == '\'').map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn code_of(text: &str) -> String {
        let (code, strings) = split(text);
        assert_eq!(code.chars().count(), text.chars().count());
        assert_eq!(strings.chars().count(), text.chars().count());
        code.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_are_not_code() {
        assert_eq!(code_of("a // dbg!(\nb /* c /* d */ e */ f"), "a b f");
        assert_eq!(code_of("/// docs \"\nfn x() {}"), "fn x() {}");
    }

    #[test]
    fn strings_and_characters_are_not_code() {
        assert_eq!(code_of(r#"f("a \" b", 'x', '\'', '"', b"y")"#), "f( , , , , )");
        assert_eq!(code_of("f(r#\"a \" b\"#, br\"c\", for_b\u{e4}r)"), "f( , , for_b\u{e4}r)");
    }

    #[test]
    fn lifetimes_are_code() {
        assert_eq!(
            code_of("fn f<'a>(x: &'a str, y: &'static str) {}"),
            "fn f<'a>(x: &'a str, y: &'static str) {}"
        );
    }

    #[test]
    fn the_test_module_at_the_end_does_not_ship() {
        let text = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
        assert_eq!(Source::new("crates/a/src/lib.rs".into(), text.into()).shipped_lines(), 2);
        assert_eq!(Source::new("crates/a/tests/b.rs".into(), text.into()).shipped_lines(), 0);
    }
}
