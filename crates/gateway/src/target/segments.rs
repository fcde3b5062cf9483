//! The path of a request, below the gateway's own.

use super::percent::decode;
use super::refused::TargetRefused;

/// Parts of an encoded path that are refused before it is decoded: nobody has a reason to encode these, and servers
/// differ in when they decode them (design/security.md C). In lower case.
const NEVER_ENCODED: &[&str] = &["%2e", "%2f", "%5c", "%00", "%25", "%23", "%3f"];

/// The decoded segments of a path; at least one, none of them empty, `.` or `..`, and none with `/`, `\`, `%`, `?`,
/// `#` or a control character in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segments(Vec<String>);

impl Segments {
    /// Reads a path as it came, such as `chat/completions`, with or without a slash before it.
    ///
    /// # Errors
    /// [`TargetRefused::Path`] for everything that two servers might read differently: what is no UTF-8 or
    /// wrongly encoded, empty segments (also at the end), dot segments, encoded separators and dots, an encoding of
    /// an encoding, and a first segment with `:` or with `@` at its start, which behind a host's name would be
    /// its port or would make it a user's.
    pub fn parse(path: &str) -> Result<Self, TargetRefused> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let lower_case = path.to_ascii_lowercase();
        let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'?'));
        if !is_plain || NEVER_ENCODED.iter().any(|encoded| lower_case.contains(encoded)) {
            return Err(TargetRefused::Path);
        }
        let segments = path.split('/').map(|segment| decode(segment).filter(|segment| is_safe(segment)));
        Self::of(segments.collect::<Option<Vec<String>>>().ok_or(TargetRefused::Path)?)
    }

    /// Puts decoded segments together, such as a part of another path, or names of ours with one of the caller's.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn of(segments: Vec<String>) -> Result<Self, TargetRefused> {
        if !segments.iter().all(|segment| is_safe(segment)) {
            return Err(TargetRefused::Path);
        }
        let is_misleading = |first: &String| first.starts_with('@') || first.contains(':');
        if segments.first().is_none_or(is_misleading) { Err(TargetRefused::Path) } else { Ok(Self(segments)) }
    }

    /// The segments, decoded.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

fn is_safe(segment: &str) -> bool {
    // Some servers cut parameters off before they look for dots: `..;a=b`.
    let plain = segment.split(';').next().unwrap_or_default().trim();
    !matches!(plain, "" | "." | "..")
        && !segment.chars().any(|character| {
            character.is_control()
                || matches!(character, '/' | '\\' | '%' | '?' | '#' | '\u{2028}' | '\u{2029}')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_the_providers_are_taken() {
        for (path, expected) in [
            ("chat/completions", vec!["chat", "completions"]),
            ("/v1/messages", vec!["v1", "messages"]),
            ("models", vec!["models"]),
            (
                "v1beta/models/gemini-2.5-pro:streamGenerateContent",
                vec!["v1beta", "models", "gemini-2.5-pro:streamGenerateContent"],
            ),
            ("model/us.anthropic.claude-3%3A0/invoke", vec!["model", "us.anthropic.claude-3:0", "invoke"]),
            (
                "publishers/anthropic/models/claude@20240620:rawPredict",
                vec!["publishers", "anthropic", "models", "claude@20240620:rawPredict"],
            ),
            ("ai/run/@cf/meta/llama", vec!["ai", "run", "@cf", "meta", "llama"]),
            ("files/a%20b%C3%A9", vec!["files", "a bé"]),
            ("a/.well-known/b..c/...", vec!["a", ".well-known", "b..c", "..."]),
        ] {
            let segments = Segments::parse(path).unwrap();
            assert_eq!(segments.iter().collect::<Vec<_>>(), expected, "{path}");
        }
    }

    #[test]
    fn what_two_servers_may_read_differently_is_refused() {
        for path in [
            "",
            "/",
            "//",
            "a//b",
            "a/",
            "//evil.example/a",
            "/a//b",
            ".",
            "..",
            "a/.",
            "a/..",
            "a/../b",
            "../a",
            "./a",
            "a/./b",
            "%2e",
            "%2E%2e",
            "a/%2e%2e/b",
            "a/.%2e/b",
            "%2e%2e%2fb",
            "a%2fb",
            "a%2Fb",
            "a%5cb",
            "a%5Cb",
            "a\\b",
            "a\\..\\b",
            "..\\a",
            "a%00",
            "a%00b",
            "%252e%252e",
            "a%252fb",
            "a%25",
            "a#b",
            "a%23b",
            "a?b",
            "a%3fb",
            "%0d%0aHost:evil",
            "a%0ab",
            "a%09b",
            "a%7fb",
            "a%1bb",
            "a b",
            "a\tb",
            "a\nb",
            "a%",
            "a%2",
            "a%zz",
            "a%ff",
            "a%c0%ae%c0%ae",
            "a%ed%a0%80",
            "é",
            "@evil.example/a",
            "%40evil.example/a",
            "a:80/b",
            "https:/evil.example/a",
            "http:",
            "%3a80",
            "..;/a",
            "a/..;x=y/b",
            ";/a",
            "a/;b/c",
            "a/ /b",
            "a/%20/b",
            "a/%20../b",
            "a/..%20/b",
            "a/%c2%85/b",
            "a/%e2%80%a8",
        ] {
            assert_eq!(Segments::parse(path), Err(TargetRefused::Path), "{path}");
        }
    }
}
