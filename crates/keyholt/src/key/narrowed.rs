//! What narrows an API key, as people read it.

use serde_json::Value;

use crate::client::list;

/// Each restriction that must be met: `secrets named OPENAI_*, of type openai; from 10.0.0.0/8`.
pub(crate) fn in_words(key: &Value) -> Vec<String> {
    list(key, "restrictions").iter().map(one_in_words).collect()
}

fn one_in_words(restriction: &Value) -> String {
    let joined = |member| {
        let texts: Vec<&str> = list(restriction, member).iter().filter_map(Value::as_str).collect();
        texts.join(", ")
    };
    let each = [
        ("secrets named ", joined("names")),
        ("secrets of type ", joined("types")),
        ("requests from ", joined("addresses")),
    ];
    let said: Vec<String> = each
        .into_iter()
        .filter(|(_, texts)| !texts.is_empty())
        .map(|(of, texts)| of.to_owned() + &texts)
        .collect();
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_restriction_is_a_line() {
        let key = json!({"restrictions": [
            {"names": ["OPENAI_*", "ANTHROPIC_*"], "types": ["openai"], "addresses": []},
            {"names": [], "types": [], "addresses": ["10.0.0.0/8"]},
        ]});
        let lines = in_words(&key);
        assert_eq!(
            lines,
            ["secrets named OPENAI_*, ANTHROPIC_*; secrets of type openai", "requests from 10.0.0.0/8"]
        );
        assert!(in_words(&json!({})).is_empty());
    }
}
