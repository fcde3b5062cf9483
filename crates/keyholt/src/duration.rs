//! Durations as people write them.

/// Reads a duration as a number and a unit, `90d`; several of them add up, `1d12h`. Gives seconds, at least 1.
///
/// Units are s, m, h, d (24 hours) and w (7 days).
///
/// # Errors
/// With a text that says how a duration is written.
pub(crate) fn parse_seconds(text: &str) -> Result<u64, String> {
    sum_of_parts(text)
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| "write a duration as 45s, 30m, 12h, 90d, 2w or 1d12h".to_owned())
}

fn sum_of_parts(mut text: &str) -> Option<u64> {
    let mut seconds: u64 = 0;
    while !text.is_empty() {
        let end_of_number = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, rest) = text.split_at(end_of_number);
        let mut rest = rest.chars();
        let unit = match rest.next()? {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            'w' => 7 * 24 * 60 * 60,
            _ => return None,
        };
        seconds = number.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(seconds)?;
        text = rest.as_str();
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_and_a_unit_are_a_duration() {
        for (text, seconds) in [
            ("1s", 1),
            ("30m", 1800),
            ("12h", 43_200),
            ("90d", 7_776_000),
            ("2w", 1_209_600),
            ("1d12h", 129_600),
        ] {
            assert_eq!(parse_seconds(text), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        for text in [
            "",
            "0",
            "90",
            "0d",
            "d",
            "-1d",
            "+1d",
            "1.5h",
            "1 d",
            "1D",
            "1y",
            "٣d",
            "1d ",
            "99999999999999999999s",
        ] {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
        assert!(parse_seconds(&format!("{}w", u64::MAX)).is_err());
    }

    proptest! {
        #[test]
        fn parts_add_up(days in 0..10_000_u64, hours in 0..100_u64, seconds in 1..100_u64) {
            let text = format!("{days}d{hours}h{seconds}s");
            prop_assert_eq!(parse_seconds(&text), Ok(days * 86_400 + hours * 3600 + seconds));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = parse_seconds(&text);
        }
    }
}
