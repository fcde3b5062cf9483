//! Every decision record is in the list of them.

use super::finding::Finding;
use super::tree::Tree;

const RECORDS: &str = "docs/adr/";
const LIST: &str = "docs/adr/README.md";

/// Checks that the list links each record.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let list = tree.texts.iter().find(|text| text.path == LIST).map_or("", |text| text.text.as_str());
    tree.texts
        .iter()
        .filter(|text| text.path != LIST && text.path.ends_with(".md"))
        .filter_map(|text| Some((text, text.path.strip_prefix(RECORDS)?)))
        .filter(|(_, name)| !list.contains(&format!("({name})")))
        .map(|(text, _)| Finding::of_file(&text.path, format!("is not linked from {LIST}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::Text;
    use super::*;

    #[test]
    fn a_record_that_the_list_does_not_link_is_found() {
        let text = |path: &str, text: &str| Text { path: path.to_owned(), text: text.to_owned() };
        let texts = vec![
            text(LIST, "- [One](0001-one.md)"),
            text("docs/adr/0001-one.md", ""),
            text("docs/adr/0002-two.md", ""),
        ];
        let found = check(&Tree { sources: Vec::new(), texts });
        let paths: Vec<&str> = found.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, ["docs/adr/0002-two.md"]);
    }
}
