//! A text that no refusal may repeat.

/// Stands for a value. No message of ours has it by chance, and no field is called so.
pub const CANARY: &str = "kh-CANARY-7Qx0";

/// What the fuzzer writes where it wants the canary: short, so that mutations keep it.
const PLACE: &[u8] = b"$$";

/// The input with a canary in every place for one.
#[must_use]
pub fn plant(input: &[u8]) -> Vec<u8> {
    let mut planted = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(PLACE) {
            planted.extend_from_slice(CANARY.as_bytes());
            rest = after;
        } else {
            planted.push(*first);
            rest = after;
        }
    }
    planted
}

/// Checks a message for people: one line of text, without control characters and without the canary.
///
/// # Panics
/// When it is not.
pub fn check_message(message: &str) {
    assert!(!message.contains(CANARY), "a message repeats what was sent: {message}");
    assert!(!message.contains(char::is_control), "a message has a control character: {message:?}");
    assert!(!message.is_empty(), "a message says nothing");
}

/// Checks what something prints for people who read logs: it has not the canary.
///
/// # Panics
/// When it has.
pub fn check_unprinted(printed: &str) {
    assert!(!printed.contains(CANARY), "something prints what was sent: {printed}");
}
