//! What of a value may be shown.

/// The preview of a value: `********`, and its last 4 characters when it has at least 24 characters,
/// all of them visible ASCII (U+0021..U+007E), and is not a JSON object (wire/braintrust.md 4.4,
/// design/security.md B.9). Computed once, when the value is written.
#[must_use]
pub fn preview_of(value: &str) -> String {
    const MASK: &str = "********";
    let is_shown =
        value.len() >= 24 && value.bytes().all(|byte| byte.is_ascii_graphic()) && !is_json_object(value);
    let shown = is_shown.then(|| value.len().checked_sub(4).and_then(|start| value.get(start..))).flatten();
    format!("{MASK}{}", shown.unwrap_or_default())
}

/// Read without keeping anything of it.
fn is_json_object(value: &str) -> bool {
    value.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_visible_values_show_their_end() {
        assert_eq!(preview_of("sk-proj-Wq3vT8mZkL2nR5xB7cY9"), "********7cY9");
        assert_eq!(preview_of("{this-is-not-a-JSON-object}"), "********ect}");
        for hidden in [
            "a",
            "abcdefghij0123456789abc",
            r#"{"type":"service_account","private_key":"x"}"#,
            "twenty four characters with spaces",
            "-----BEGIN-KEY-----\nabcdefghijkl",
            "éééééééééééééééééééééééé",
        ] {
            assert_eq!(preview_of(hidden), "********", "{hidden}");
        }
    }
}
