//! Numbers for people.

use crate::measure::Spread;

/// A number with three digits or more: `0.04`, `8.6`, `34.7`, `18,812`.
pub(super) fn figure(number: f64) -> String {
    let size = number.abs();
    if size >= 99.95 {
        return thousands(number);
    }
    let decimals = usize::from(size < 99.95) + usize::from(size < 9.995);
    format!("{number:.decimals$}")
}

/// A whole number, its digits in threes.
pub(super) fn thousands(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0.0 && digits != "0" { format!("-{text}") } else { text }
}

/// The median, and in parentheses the least and the most.
pub(super) fn spread(spread: Spread) -> String {
    format!("{} ({}–{})", figure(spread.median), figure(spread.least), figure(spread.most))
}

/// A figure that there may not be.
pub(super) fn maybe<T>(figure: Option<T>, text: impl Fn(T) -> String) -> String {
    figure.map_or_else(|| "–".to_owned(), text)
}

/// Bytes as megabytes.
pub(super) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_or_their_thousands_apart() {
        let all = [0.0, 0.044, 8.64, 9.996, 34.72, 99.96, 100.0, 999.6, 18_812.4, 1_000_000.0, -5.0, -0.2];
        let expected = [
            "0.00",
            "0.04",
            "8.64",
            "10.0",
            "34.7",
            "100",
            "100",
            "1,000",
            "18,812",
            "1,000,000",
            "-5.00",
            "-0.20",
        ];
        assert_eq!(all.map(figure), expected);
        assert_eq!(thousands(-1234.0), "-1,234");
    }
}
