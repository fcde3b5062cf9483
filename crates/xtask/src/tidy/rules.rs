//! Rules on single source files.

use super::finding::Finding;
use super::source::Source;
use super::tree::Tree;

/// A file is one use case.
const FILE_LINES: usize = 600;
/// A folder's `mod.rs` is a door: documentation, re-exports, a router.
const DOOR_LINES: usize = 120;

/// What is nowhere in the tree, tests included.
const UNFINISHED: &[&str] = &["todo!", "unimplemented!", "dbg!", "#[ignore"];

/// Words of the wires, which stay in their rooms.
const VENDOR_WORDS: &[&str] = &["ai_secret", "ai_secrets", "preview_secret", "deployments"];
/// Words of the wires that are good names elsewhere too: refused in string literals only.
const VENDOR_STRINGS: &[&str] = &["org_name"];
/// Where the wires' words are at home, beside tests: the doors, and this list.
const VENDOR_ROOMS: &[&str] = &["crates/api/", "crates/gateway/", "crates/testkit/", "crates/xtask/"];

/// Checks every source file and every migration.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &tree.sources {
        lengths(source, &mut findings);
        unfinished(source, &mut findings);
        exposures(source, &mut findings);
        if !VENDOR_ROOMS.iter().any(|room| source.path.starts_with(room)) {
            let shipped = source.shipped_lines();
            vendor_words(&source.path, &source.code, VENDOR_WORDS, shipped, &mut findings);
            vendor_words(&source.path, &source.strings, VENDOR_WORDS, shipped, &mut findings);
            vendor_words(&source.path, &source.strings, VENDOR_STRINGS, shipped, &mut findings);
        }
    }
    for text in tree.texts.iter().filter(|text| text.path.ends_with(".sql")) {
        vendor_words(&text.path, &text.text, VENDOR_WORDS, usize::MAX, &mut findings);
    }
    findings
}

fn lengths(source: &Source, findings: &mut Vec<Finding>) {
    let limit = if source.path.ends_with("/mod.rs") { DOOR_LINES } else { FILE_LINES };
    let lines = source.text.lines().count();
    if lines > limit {
        findings
            .push(Finding::of_file(&source.path, format!("has {lines} lines, the limit is {limit}: split it")));
    }
}

fn unfinished(source: &Source, findings: &mut Vec<Finding>) {
    for (number, line) in (1..).zip(source.code.lines()) {
        for word in UNFINISHED.iter().filter(|word| line.contains(*word)) {
            findings.push(Finding::at(&source.path, number, format!("`{word}`: finish it or leave it out")));
        }
    }
}

/// Each place that shows a value or an API key says why. Clippy asks for an `#[expect]` there; this asks for its words.
fn exposures(source: &Source, findings: &mut Vec<Finding>) {
    let lines: Vec<(&str, &str)> =
        source.code.lines().zip(source.text.lines()).take(source.shipped_lines()).collect();
    for (at, (code, _)) in lines.iter().enumerate() {
        if !(code.contains(".expose()") || code.contains("::expose")) || code.contains("fn expose") {
            continue;
        }
        let attribute = lines.iter().take(at + 1).rposition(|(code, _)| code.contains("disallowed_methods"));
        let explained = attribute.is_some_and(|start| {
            lines.iter().take(at + 1).skip(start).take(4).any(|(_, text)| has_words_after(text, "EXPOSE:"))
        });
        if !explained {
            findings.push(Finding::at(&source.path, at + 1, "says not why: `reason = \"EXPOSE: ...\"`"));
        }
    }
}

fn has_words_after(text: &str, mark: &str) -> bool {
    text.split_once(mark).is_some_and(|(_, after)| after.contains(char::is_alphabetic))
}

fn vendor_words(path: &str, text: &str, words: &[&str], lines: usize, findings: &mut Vec<Finding>) {
    for (number, line) in (1..).zip(text.lines()).take(lines) {
        let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
        for word in line.split(|character| !is_part(character)).filter(|word| words.contains(word)) {
            findings.push(Finding::at(
                path,
                number,
                format!("`{word}` is a word of a wire: it stays in its room"),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn messages(path: &str, text: &str) -> Vec<String> {
        let sources = vec![Source::new(path.to_owned(), text.to_owned())];
        check(&Tree { sources, texts: Vec::new() }).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_has_600_lines_and_a_door_120() {
        assert!(messages("crates/a/src/b.rs", &"\n".repeat(600)).is_empty());
        assert_eq!(messages("crates/a/src/b.rs", &"\n".repeat(601)).len(), 1);
        assert!(messages("crates/a/src/b/mod.rs", &"\n".repeat(120)).is_empty());
        assert_eq!(messages("crates/a/src/b/mod.rs", &"\n".repeat(121)).len(), 1);
    }

    #[test]
    fn unfinished_code_is_found_and_talk_of_it_is_not() {
        assert_eq!(messages("crates/a/tests/b.rs", "fn a() { todo!() }\n#[ignore]\nfn b() {}\n").len(), 2);
        assert!(messages("crates/a/src/b.rs", "// no todo!() here\nconst A: &str = \"dbg!\";\n").is_empty());
    }

    #[test]
    fn an_exposure_without_a_reason_is_found() {
        let reason = |words: &str| {
            format!(
                "#[expect(clippy::disallowed_methods, reason = \"{words}\")]\nlet plain = value.expose();\n"
            )
        };
        assert!(messages("crates/a/src/b.rs", &reason("EXPOSE: it is sealed here")).is_empty());
        assert_eq!(messages("crates/a/src/b.rs", &reason("it is sealed here")).len(), 1);
        assert_eq!(messages("crates/a/src/b.rs", &reason("EXPOSE: ")).len(), 1);
        assert_eq!(messages("crates/a/src/b.rs", "let plain = value.expose();\n").len(), 1);
        assert!(messages("crates/a/tests/b.rs", "let plain = value.expose();\n").is_empty());
    }

    #[test]
    fn the_words_of_a_wire_stay_in_its_room() {
        assert_eq!(messages("crates/engine/src/a.rs", "let a = \"/v1/ai_secret\";\n").len(), 1);
        assert_eq!(messages("crates/engine/src/a.rs", "let preview_secret = 1;\n").len(), 1);
        assert_eq!(messages("crates/engine/src/a.rs", "let a = \"org_name\";\n").len(), 1);
        assert!(messages("crates/engine/src/a.rs", "let org_name = org_names(); // ai_secret\n").is_empty());
        assert!(messages("crates/api/src/braintrust/a.rs", "let a = \"/v1/ai_secret\";\n").is_empty());
    }
}
